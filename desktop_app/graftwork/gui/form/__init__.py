"""A form that is drawn from a pydantic model."""
