"""What a trained model says of EDA and music that are put together at will, computed quickly.

Networks add up what their first linear layer makes of the values of the EDA and of each group of
music features. So the convolutions run once a trial, the music goes through that layer once a song,
and a pair costs an addition and the two small layers that are left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from rtcan_cli.explain.contributions import Answer, Rows, Values
from rtcan_cli.models.weights import rebuild
from rtcan_cli.training.data import Inputs, Trials, place, standardise
from rtcan_cli.training.device import tensor_float
from rtcan_cli.training.predict import BATCH
from rtcan_cli.training.trained import TrainedModel

#: Pairs that are answered at once; of a learner fewer, since each has all its features.
PAIRS, LEARNER_PAIRS = 4096, 512
_CPU = torch.device("cpu")


def answer_of(trained: TrainedModel, trials: Trials, columns: Sequence[NDArray[np.intp]]) -> Answer:
    """What a model of EDA and music says of pairs: P(high), not calibrated.

    Parameters
    ----------
    trained : TrainedModel
    trials : Trials
        Their EDA and songs, with features as they are.
    columns : sequence of array of int
        Columns of each group of music features; together all of them.
    """
    if not trained.is_network:
        return _of_learner(trained, trials, columns)
    network = rebuild(trained.weights, trained.spec)
    return answer_of_network(network, *network_inputs(trained, trials), columns, trials.row)


def network_inputs(
    trained: TrainedModel, trials: Trials
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`eda` and `music` of the trials, standardised as the network takes them."""
    assert trials.music is not None, "the model hears music"
    eda, scales = trials.eda, trained.scales
    if "eda_mean" in scales:
        eda = standardise(eda, scales["eda_mean"], scales["eda_sd"])
    return eda, standardise(trials.music, scales["music_mean"], scales["music_sd"])


@torch.no_grad()
def answer_of_network(
    network: nn.Module,
    eda: NDArray[np.float32],
    music: NDArray[np.float32],
    columns: Sequence[NDArray[np.intp]],
    row: NDArray[np.int64] | None = None,
) -> Answer:
    """What a network with `rtcan_cli.models.layers.head.classifier` says of pairs.

    Parameters
    ----------
    network : Module
        On the CPU, in evaluation mode.
    eda : array of float32 (n, 3, L) or (n, F)
    music : array of float32 (n_songs, n_music)
    columns : sequence of array of int
    row : array of int (n,), optional
        Row of each trial in `eda`; by default, trial by trial.
    """
    head, values = network.classifier, network.values
    assert isinstance(head, nn.Sequential), "music joins in front of RTCAN-1D's classifier"
    assert callable(values), "what is in front of it can be asked for"
    first = next(layer for layer in head if isinstance(layer, nn.Linear))
    rest = head[list(head).index(first) + 1 :]
    with tensor_float(False):
        inputs = Inputs(place(eda, _CPU), row=None if row is None else place(row, _CPU))
        every = torch.arange(len(eda if row is None else row))
        seen = torch.cat([values(inputs.batch(some)[0]) for some in every.split(BATCH)])
        n_values = seen.shape[1]
        own = F.linear(seen, first.weight[:, :n_values], first.bias)
        songs, weight = torch.tensor(music), first.weight[:, n_values:]
        heard = torch.stack([songs[:, each] @ weight[:, each].T for each in columns], dim=1)
    group = torch.arange(len(columns))

    @torch.no_grad()
    def answer(eda_row: Rows, song_row: Rows) -> Values:
        found = np.empty(len(eda_row))
        for start in range(0, len(eda_row), PAIRS):
            part = slice(start, start + PAIRS)
            rows, song = (torch.as_tensor(each[part]) for each in (eda_row, song_row))
            with tensor_float(False):
                scores = rest(own[rows] + heard[song, group].sum(dim=1))
            found[part] = scores.double().softmax(dim=1)[:, 1].numpy()
        return found

    return answer


def _of_learner(
    trained: TrainedModel, trials: Trials, columns: Sequence[NDArray[np.intp]]
) -> Answer:
    music = trials.music
    assert music is not None, "the model hears music"

    def answer(eda_row: Rows, song_row: Rows) -> Values:
        found = np.empty(len(eda_row))
        for start in range(0, len(eda_row), LEARNER_PAIRS):
            part = slice(start, start + LEARNER_PAIRS)
            rows, song = eda_row[part], song_row[part]
            songs, of_pair = np.unique(song, axis=0, return_inverse=True)
            mixed = np.empty((len(songs), music.shape[1]), np.float32)
            for k, each in enumerate(columns):
                mixed[:, each] = music[songs[:, k]][:, each]
            pairs = Trials(
                eda=trials.eda[trials.row[rows]],
                subject=trials.subject[rows],
                stimulus=trials.stimulus[rows],
                music=mixed,
                song=of_pair.ravel(),
            )
            found[part] = trained.probability(pairs)
        return found

    return answer
