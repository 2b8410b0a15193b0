"""Deep one-dimensional CNN on the EDA signal.

::

    original EDA (1, L)                                 (1, 2500)
     │ conv 10, BatchNorm, ReLU, max pool 4             (128, 626)
     │ conv 4, BatchNorm, ReLU, max pool 4              (128, 157)
     │ conv 4, BatchNorm, ReLU, max pool 4              (128, 40)
     │ conv 4, BatchNorm, ReLU                          (128, 41)
     │ mean over time                                   (128)
     └ RTCAN-1D's classifier                            low, high

Source: Santamaria-Granados, Munoz-Organero, Ramirez-Gonzalez, Abdulhay, Arunkumar: Using Deep
Convolutional Neural Network for Emotion Detection on a Physiological Signals Dataset (AMIGOS), IEEE
Access 7, 2019, doi 10.1109/ACCESS.2018.2883213.

Inputs: the original EDA, z-scored and interpolated to L samples; neither its phasic nor its tonic
part, which the source does not use. No music.

Defaults: 128 filters; trained by the same `--recipe` as RTCAN-1D. 265 090 weights.

Different from the original: the paper's table of layers was not available. The layers here (four
convolutions of 128 filters, the first two of kernel 10 and 4, max pooling between them, and the
mean over time after the last) are those of the network that two of its authors call DCNN in the
code of a later study (github.com/luzsantamariag/terser, meb/EmotionRecognition.py). There the
signals are short, the last two kernels are 1, and only the first pool is larger than 1. The
receptive field of such a network would be 17 of 2500 samples. Therefore these kernels and all pools
are 4 here, and the receptive field before the mean is 325 samples. BatchNorm after each convolution
and RTCAN-1D's classifier (theirs: 256, 128, 64) are ours. They train on EDA and ECG, with Adam and
a learning rate of 0.001; here only EDA is used.
"""

from __future__ import annotations

from torch import nn

from rtcan_cli.models.layers.convolution import Channels, MaxPool, basic
from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.spec import ModelSpec

WIDTH = 128
KERNELS = (10, 4, 4, 4)
POOL = 4


def build(spec: ModelSpec, dropout: float) -> Headed:
    """Return the network."""
    body = nn.Sequential(Channels(1))
    for layer, kernel in enumerate(KERNELS):
        if layer:
            body.append(MaxPool(POOL))
        body.append(basic(WIDTH if layer else 1, WIDTH, kernel))
    body.append(nn.AdaptiveAvgPool1d(1))
    return Headed(body, WIDTH, spec, dropout)
