"""The classifiers that can be put on a backbone, each a module from features to logits."""
