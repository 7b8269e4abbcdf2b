"""A head that decides level by level along class names such as ``bird/owl/barn``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional

from .class_tree import ROOT, ClassTree, Fork, class_tree


class HierarchicalHead(nn.Module):
    """(N, features) to the logarithms of the probabilities of all classes (N, classes).

    Every fork of the tree is a softmax over its branches, and a class is as probable as the
    product along its way (Morin and Bengio, "Hierarchical Probabilistic Neural Network Language
    Model", 2005). The logarithms are logits, too: their softmax is the probabilities.

    There are fewer than two branches to a class, and forks are padded to the next power of two,
    not to the widest one, so that an image takes fewer than four numbers a class.
    """

    ends: Tensor

    def __init__(self, features: int, classes: Sequence[str], dropout: float) -> None:
        super().__init__()
        tree = class_tree(classes)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, tree.branches)
        places = {ROOT: 0}
        self.blocks = nn.ModuleList(_blocks(tree, places))
        ends = torch.tensor([places[branch] for branch in tree.ends])
        self.register_buffer("ends", ends, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """The logarithm of each class's probability (N, classes)."""
        scores = functional.pad(self.linear(self.dropout(features)), (0, 1), value=-torch.inf)
        reached = torch.zeros_like(scores[:, :1])
        for block in self.blocks:
            reached = torch.cat([reached, block(scores, reached)], 1)
        return reached.index_select(1, self.ends)


class _Block(nn.Module):
    """Forks that are equally deep and about equally wide, padded to one width.

    ``branches`` (forks, width) are places in the scores, ``above`` (forks) in what is reached.
    No place is read twice but that of the padding, whose gradient is zero: so a gradient does not
    depend on the order in which it is added up.
    """

    branches: Tensor
    above: Tensor

    def __init__(self, branches: Tensor, above: Tensor) -> None:
        super().__init__()
        self.register_buffer("branches", branches, persistent=False)
        self.register_buffer("above", above, persistent=False)

    def forward(self, scores: Tensor, reached: Tensor) -> Tensor:
        """The logarithms of the probabilities of these branches (N, forks * width)."""
        own = scores.index_select(1, self.branches.flatten()).unflatten(1, self.branches.shape)
        above = reached.index_select(1, self.above).unsqueeze(2)
        ends: Tensor = above + own.log_softmax(2)
        return ends.flatten(1)


def _blocks(tree: ClassTree, places: dict[int, int]) -> Iterator[_Block]:
    """All forks, upper ones first; ``places`` learns where each branch's result will stand."""
    end = 1
    for width, forks in _alike(tree):
        above = torch.tensor([places[fork.above] for fork in forks])
        table = torch.full((len(forks), width), tree.branches)
        for row, fork in enumerate(forks):
            table[row, : len(fork.branches)] = torch.tensor(fork.branches)
            places.update(zip(fork.branches, count(end + row * width)))
        end += table.numel()
        yield _Block(table, above)


def _alike(tree: ClassTree) -> Iterator[tuple[int, list[Fork]]]:
    """The padded width and the forks of each block: by depth, then by width."""
    depths = {ROOT: 0}
    groups: defaultdict[tuple[int, int], list[Fork]] = defaultdict(list)
    for fork in tree.forks:
        depth = depths[fork.above]
        depths.update(dict.fromkeys(fork.branches, depth + 1))
        groups[depth, 1 << (len(fork.branches) - 1).bit_length()].append(fork)
    yield from ((width, groups[depth, width]) for depth, width in sorted(groups))
