"""Lists what there is: runs, backbones, strategies and plugins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic.fields import FieldInfo
from pydantic_core import to_json

from graftwork.engine.weights import weights_status
from graftwork.paths import weights_folder
from graftwork.plugin_api import Backbone, BackboneFamily, GraftworkError, Strategy
from graftwork.plugin_host.families import network_names

from .console import LINES, messages, print_json, print_table, results, shown

if TYPE_CHECKING:
    from graftwork.plugin_host.registry import LoadedPlugin, PluginFailure, Registry
    from graftwork.runs.store import RunRecord, RunStore


def list_runs(store: RunStore, *, as_json: bool) -> None:
    """The runs, newest first."""
    records = store.runs()
    if as_json:
        print_json([record.model_dump(mode="json") for record in records])
    elif records:
        columns = ("Run", "Status", "Data", "Backbone", "Strategy", "Validation", "Test accuracy")
        print_table(columns, [_run_row(record) for record in records])
    else:
        results.print("No runs yet. Start one with: graftwork train FOLDER")


def list_backbones(registry: Registry, part: str, *, as_json: bool) -> None:
    """The backbones with ``part`` in their names, with size, licence and the state of weights.

    Networks of families are not described before they are used: of these, there are the names.
    """
    found = [_backbone_document(b) for name, b in registry.backbones.items() if part in name]
    others = [name for name in _family_names(registry) if part in name] if part else []
    if as_json:
        print_json([*found, *({"name": name} for name in others)])
        return
    if found:
        columns = ("Backbone", "Parameters", "Pixels", "Weights", "Licence", "When to choose it")
        print_table(columns, [_backbone_row(document) for document in found], fold_last=True)
    for name in others:
        results.print(shown(name))
    if not found and not others:
        results.print(f"No backbone has {shown(part)!r} in its name.")
    for family in registry.families.values() if not part else ():
        results.print(f"\n{family.name}/NAME  {shown(family.summary)}")
        results.print(f"To find names: graftwork backbones {family.name}/resnet")


def _family_names(registry: Registry) -> Iterator[str]:
    """Of the networks that are not listed one by one."""
    listed = set(registry.backbones)
    for family in registry.families.values():
        yield from (name for name in _network_names(family) if name not in listed)


def _network_names(family: BackboneFamily) -> list[str]:
    """None of a family whose plugin fails, which is said: other families have theirs."""
    try:
        return network_names(family)
    except GraftworkError as error:
        messages.print(f"[yellow]{shown(str(error))}[/yellow]")
        return []


def list_strategies(registry: Registry, *, as_json: bool) -> None:
    """The strategies with their settings and defaults."""
    if as_json:
        print_json([_strategy_document(s) for s in registry.strategies.values()])
        return
    for strategy in registry.strategies.values():
        results.print(f"[bold]{shown(strategy.name)}[/bold]  {shown(strategy.summary)}")
        for name, field in strategy.settings.model_fields.items():
            text = shown(f"{name}={_as_it_is_set(field)}")
            results.print(f"    {text:<24} [dim]{shown(field.description or '')}[/dim]")


def _as_it_is_set(field: FieldInfo) -> str:
    """The default, as ``--set`` takes it."""
    default = field.get_default(call_default_factory=True)
    if default is None or isinstance(default, str):
        return default if default is not None else "none"
    return to_json(default).decode()


def list_plugins(registry: Registry, *, as_json: bool, tracebacks: bool) -> None:
    """The plugins that were loaded, then those that failed, with the reason."""
    if as_json:
        print_json(_plugins_document(registry))
        return
    print_table(
        ("Plugin", "Package", "Version", "Adds"), [_plugin_row(p) for p in registry.plugins]
    )
    for failure in registry.failures:
        results.print(_failure_line(failure))
        if tracebacks:
            results.print(shown(failure.traceback, keep=LINES), style="dim")


def _run_row(record: RunRecord) -> tuple[str, ...]:
    figures = (_figure(record.validation_accuracy), _figure(record.test_accuracy))
    return record.id, record.status, record.data, record.backbone, record.strategy, *figures


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _backbone_document(backbone: Backbone) -> dict[str, Any]:
    return {
        "name": backbone.name,
        "title": backbone.title,
        "summary": backbone.summary,
        "parameters": backbone.parameters,
        "features": backbone.features,
        "size": backbone.preprocessing.size,
        "licence": backbone.licence,
        "weights": weights_status(backbone, weights_folder()),
    }


def _backbone_row(document: dict[str, Any]) -> tuple[str, ...]:
    state = {"ready": "ready", "download": "at first use", "none": "none"}[document["weights"]]
    millions = f"{document['parameters'] / 1e6:.1f} M"
    name, size, licence = document["name"], str(document["size"]), document["licence"]
    return name, millions, size, state, licence, document["summary"]


def _strategy_document(strategy: Strategy) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "title": strategy.title,
        "summary": strategy.summary,
        "settings": strategy.settings.model_json_schema(),
    }


def _plugins_document(registry: Registry) -> dict[str, Any]:
    return {
        "plugins": [
            {
                "name": p.name,
                "distribution": p.distribution,
                "version": p.version,
                "backbones": p.backbones,
                "families": p.families,
                "strategies": p.strategies,
                "readers": p.readers,
            }
            for p in registry.plugins
        ],
        "failures": [
            {
                "plugin": f.plugin,
                "distribution": f.distribution,
                "step": f.step,
                "message": f.message,
                "traceback": f.traceback,
            }
            for f in registry.failures
        ],
    }


def _plugin_row(plugin: LoadedPlugin) -> tuple[str, ...]:
    kinds = (
        ("backbone", "backbones", plugin.backbones),
        ("family of backbones", "families of backbones", plugin.families),
        ("strategy", "strategies", plugin.strategies),
        ("reader", "readers", plugin.readers),
    )
    adds = "; ".join(
        f"{len(names)} {one if len(names) == 1 else many}" for one, many, names in kinds if names
    )
    return plugin.name, plugin.distribution or "", plugin.version or "", adds


def _failure_line(failure: PluginFailure) -> str:
    message = shown(failure.message, keep=LINES)
    return f"[red]Failed:[/red] {shown(failure.plugin)} ({failure.step}): {message}"
