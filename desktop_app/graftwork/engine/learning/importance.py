"""How much what was learned depends on each weight: the diagonal of Fisher's information.

The estimator: the squared gradient of the log-probability of one class, for one image at a time,
averaged over images; the class is drawn from the classifier's own answer, so that the expectation
is Fisher's true information and not the "empirical" one by given labels (Kunstner, Balles and
Hennig, "Limitations of the Empirical Fisher Approximation", 2019).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from copy import deepcopy

import torch
from torch import Tensor

from graftwork.data.augmentation import sample_seed
from graftwork.data.throttle import Throttle

from ..classifier import Classifier
from ..events import Progress
from ..inputs import Samples
from .balanced import balanced_places


def measure_importance(
    classifier: Classifier,
    reference: Mapping[str, Tensor],
    samples: Samples,
    device: torch.device,
    *,
    images: int,
    seed: int,
) -> Generator[Progress, None, dict[str, Tensor]]:
    """The importance of each weight, by plain name, at the weights ``reference``.

    At most ``images`` samples count, as many of each class. Classes of which there is none were not
    known before: what the head says of them is left out. Batch normalization has its kept
    statistics. The classifier, which holds no low-rank additions, is not touched.
    """
    known = samples.labels.unique().to(device)
    model = deepcopy(classifier).eval().requires_grad_(True)
    model.load_state_dict(dict(reference))
    weights = dict(model.named_parameters())
    squares = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    places, throttle = balanced_places(samples.labels, images, seed), Throttle()
    for done, place in enumerate(places, 1):
        score = _drawn_score(
            model, samples.batch(place[None]).to(device), known, sample_seed(seed, done)
        )
        gradients = torch.autograd.grad(score, list(weights.values()), allow_unused=True)
        for name, gradient in zip(weights, gradients, strict=True):
            if gradient is not None:
                squares[name].addcmul_(gradient, gradient)
        if throttle.due() or done == len(places):
            yield Progress(what="Measuring what matters", done=done, total=len(places))
    return {name: total / len(places) for name, total in squares.items()}


def _drawn_score(model: Classifier, pixels: Tensor, known: Tensor, seed: int) -> Tensor:
    """The log-probability of a class that is drawn by the classifier's own probabilities."""
    scores = model.logits(pixels)[:, known].log_softmax(1)[0]
    generator = torch.Generator().manual_seed(seed)
    chances = scores.detach().cpu().double().exp()
    return scores[int(torch.multinomial(chances, 1, generator=generator))]
