"""The subcommands of ``graftwork``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graftwork import __version__
from graftwork.app import make_workshop
from graftwork.engine.job import TrainingJob
from graftwork.runs.record import has_weights

from .assignments import build_job, data_settings
from .console import exit_codes, print_json, results, shown, speak_utf8, wrong_use
from .progress import listen
from .summaries import print_evaluation, print_export

app = typer.Typer(
    help="Teach a pretrained network your own image classes. Alone, it opens the window.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
weights_app = typer.Typer(help="The backbones' pretrained weights.", no_args_is_help=True)
app.add_typer(weights_app, name="weights")

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for a machine.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be given repeatedly."),
]
Reader = Annotated[
    str | None,
    typer.Option(help="How to read the data, such as class-folders or table; else what fits."),
]
RunId = Annotated[str, typer.Argument(help="A run's id, the beginning of it, or 'last'.")]


_LISTS = {"backbone": "backbones", "strategy": "strategies"}


def _default(name: str) -> str:
    standard = TrainingJob.model_fields[name].default
    return f"{standard} if none is named; see 'graftwork {_LISTS[name]}'."


def run() -> None:
    """Run the subcommand that the command line names, and leave with its exit code."""
    speak_utf8()
    with exit_codes():
        app()


def _print_version(wanted: bool) -> None:
    if wanted:
        results.print(f"graftwork {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where images and model go.")] = Path("graftwork-demo"),
    json: Json = False,
) -> None:
    """Do the whole job on handwritten digits: train, evaluate, export, predict."""
    from .demo import run_demo

    run_demo(make_workshop(), out, as_json=json)


@app.command()
def train(
    data: Annotated[Path | None, typer.Argument(help="Folder or table of labelled images.")] = None,
    job: Annotated[
        Path | None,
        typer.Option(help="Run this job file, with what is given beside it changed."),
    ] = None,
    backbone: Annotated[str | None, typer.Option(help=_default("backbone"))] = None,
    strategy: Annotated[str | None, typer.Option(help=_default("strategy"))] = None,
    settings: Sets = None,
    reader: Reader = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder: absent, or empty.")] = None,
    json: Json = False,
) -> None:
    """Train a classifier and evaluate it on the images held out for that."""
    from .training import read_job_file, train_and_evaluate

    if data is None and job is None:
        raise typer.BadParameter(
            "give DATA, or --job FILE, or both if its images are elsewhere now"
        )
    if job and reader:
        raise typer.BadParameter("--reader belongs to DATA; the job file names its own")
    workshop = make_workshop()
    values = read_job_file(job, data) if job else {"data": _data(data, reader)}
    chosen = build_job(
        values, settings or [], workshop.registry, backbone=backbone, strategy=strategy
    )
    train_and_evaluate(workshop, chosen, out, as_json=json)


@app.command()
def augment(
    data: Annotated[Path, typer.Argument(help="Folder or table of labelled images.")],
    to: Annotated[Path, typer.Option(help="The PNG file to write.")],
    backbone: Annotated[str | None, typer.Option(help=_default("backbone"))] = None,
    strategy: Annotated[str | None, typer.Option(help=_default("strategy"))] = None,
    settings: Sets = None,
    reader: Reader = None,
    images: Annotated[int, typer.Option(min=1, max=100, help="Images to show.")] = 6,
    versions: Annotated[int, typer.Option(min=1, max=30, help="Changed versions of each.")] = 6,
    json: Json = False,
) -> None:
    """Show on one sheet what augmentation would do to a few of these images."""
    from .augment import draw_sheet

    registry = make_workshop().registry
    values = {"data": _data(data, reader)}
    job = build_job(values, settings or [], registry, backbone=backbone, strategy=strategy)
    draw_sheet(registry, job, to, images=images, versions=versions, as_json=json)


@app.command()
def resume(run_id: RunId, json: Json = False) -> None:
    """Go on with a run that was stopped or killed, as if it had not been; then evaluate it."""
    from .training import resume_and_evaluate

    resume_and_evaluate(make_workshop(), run_id, as_json=json)


@app.command()
def fork(
    run_id: RunId,
    data: Annotated[
        Path | None, typer.Argument(help="Other labelled images; else those of the run.")
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="Its best weights, or an epoch's such as 2-10.")
    ] = "best",
    replay: Annotated[
        int, typer.Option(help="Images of each class of the run's stored sample to train on too.")
    ] = 0,
    strategy: Annotated[str | None, typer.Option(help="Another strategy.")] = None,
    settings: Sets = None,
    reader: Reader = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder: absent, or empty.")] = None,
    json: Json = False,
) -> None:
    """Train a new run from the weights of another one, with other settings or other images."""
    from .training import fork_values, train_and_evaluate

    _need_data(data, reader=reader)
    workshop = make_workshop()
    other = _data(data, reader) if data else None
    values = fork_values(workshop, run_id, start, replay, other)
    chosen = build_job(values, settings or [], workshop.registry, backbone=None, strategy=strategy)
    train_and_evaluate(workshop, chosen, out, as_json=json)


@app.command()
def find_rate(
    data: Annotated[Path, typer.Argument(help="Folder or table of labelled images.")],
    backbone: Annotated[str | None, typer.Option(help=_default("backbone"))] = None,
    strategy: Annotated[str | None, typer.Option(help=_default("strategy"))] = None,
    phase: Annotated[
        int | None, typer.Option(help="The strategy's phase; else the first that has a rate.")
    ] = None,
    settings: Sets = None,
    reader: Reader = None,
    json: Json = False,
) -> None:
    """Try learning rates before a training, and suggest one. Nothing is kept."""
    from .find_rate import find_and_show

    workshop, given = make_workshop(), settings or []
    values = {"data": _data(data, reader)}
    job = build_job(values, given, workshop.registry, backbone=backbone, strategy=strategy)
    find_and_show(workshop, job, given, phase, as_json=json)


@app.command()
def fit_memory(
    data: Annotated[Path, typer.Argument(help="Folder or table of labelled images.")],
    backbone: Annotated[str | None, typer.Option(help=_default("backbone"))] = None,
    strategy: Annotated[str | None, typer.Option(help=_default("strategy"))] = None,
    settings: Sets = None,
    reader: Reader = None,
    json: Json = False,
) -> None:
    """Find how many images fit into memory at once, up to batch_size. Nothing is kept."""
    from .fit_memory import fit_and_show

    workshop = make_workshop()
    values = {"data": _data(data, reader)}
    job = build_job(values, settings or [], workshop.registry, backbone=backbone, strategy=strategy)
    fit_and_show(workshop, job, as_json=json)


@app.command()
def evaluate(
    run_id: RunId,
    data: Annotated[
        Path | None, typer.Argument(help="Other labelled images; else the run's own test images.")
    ] = None,
    settings: Sets = None,
    reader: Reader = None,
    json: Json = False,
) -> None:
    """Say how good a run's classifier is, with 95 % intervals."""
    _need_data(data, reader=reader, set=settings)
    workshop = make_workshop()
    other = data_settings(_data(data, reader), settings or [], workshop.registry) if data else None
    run = workshop.store.get(run_id, has_weights)
    evaluation = listen(workshop.evaluate(run_id, other), as_json=json)
    if json:
        print_json({"kind": "result", **evaluation.model_dump(mode="json")})
    else:
        measured_on = str(data) if data else "its own test images"
        results.print(f"Run {run.id}, on {shown(measured_on)}")
        print_evaluation(evaluation)


@app.command()
def export(
    run_id: RunId,
    file: Annotated[Path, typer.Argument(help="The ONNX file to write.")],
    plain: Annotated[
        bool, typer.Option(help="A model that takes normalized tensors, not images.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a run's classifier as ONNX, once it is proven to give the same answers."""
    report = listen(make_workshop().export(run_id, file, plain=plain), as_json=json)
    if json:
        print_json({"kind": "result", **report.model_dump(mode="json")})
    else:
        print_export(report)


@app.command()
def predict(
    model: Annotated[str, typer.Argument(help="An exported model, or a run.")],
    paths: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    out: Annotated[
        Path | None, typer.Option(help="Write here, as CSV or JSON by the file's ending.")
    ] = None,
    json: Json = False,
) -> None:
    """Predict with an exported model, by onnxruntime alone, or with a run's own classifier."""
    from .prediction import predict_with_model, refuse_target, write_predictions

    file = Path(model)
    if file.suffix.lower() == ".onnx" or file.is_file():
        refuse_target(out, file, paths)
        found = listen(predict_with_model(file, paths), as_json=False)
    else:
        workshop = make_workshop()
        refuse_target(out, workshop.store.get(model, has_weights).folder, paths)
        found = listen(workshop.predict(model, paths), as_json=False)
    raise typer.Exit(write_predictions(found, out, as_json=json))


@app.command()
def runs(json: Json = False) -> None:
    """List the runs, newest first."""
    from .listings import list_runs

    list_runs(make_workshop().store, as_json=json)


@app.command()
def backbones(
    part: Annotated[
        str, typer.Argument(help="Only those with this in their name, of families too.")
    ] = "",
    json: Json = False,
) -> None:
    """List the backbones, and whether their weights are at hand."""
    from .listings import list_backbones

    list_backbones(make_workshop().registry, part, as_json=json)


@app.command()
def strategies(json: Json = False) -> None:
    """List the strategies, when to choose each, and its settings."""
    from .listings import list_strategies

    list_strategies(make_workshop().registry, as_json=json)


@app.command()
def plugins(
    json: Json = False,
    tracebacks: Annotated[bool, typer.Option(help="Show where failed plugins failed.")] = False,
) -> None:
    """List the plugins with what they add, and those that failed."""
    from .listings import list_plugins

    list_plugins(make_workshop().registry, as_json=json, tracebacks=tracebacks)


@weights_app.command("import")
def import_weights(
    file: Annotated[Path, typer.Argument(help="A weights file, from a stick for instance.")],
    backbone: Annotated[
        str | None, typer.Option(help="Whose they are; needed if it is not listed.")
    ] = None,
    json: Json = False,
) -> None:
    """Take a backbone's weights from a file, for machines without a network."""
    from graftwork.engine.weights import import_weights as take
    from graftwork.paths import weights_folder

    registry = make_workshop().registry
    with wrong_use():
        known = {backbone: registry.backbone(backbone)} if backbone else registry.backbones
    owner = take(file, known, weights_folder())
    if json:
        print_json({"kind": "result", "backbone": owner.name})
    else:
        results.print(f"Weights of {shown(owner.title)} are ready.")


def _need_data(data: Path | None, **options: object) -> None:
    """Options that say how DATA is read mean nothing without it."""
    for name, value in options.items():
        if value and data is None:
            raise typer.BadParameter(f"--{name} says how DATA is read, and none is given")


def _data(path: Path | None, reader: str | None) -> dict[str, Any]:
    return {"path": path.absolute() if path else None, "reader": reader}
