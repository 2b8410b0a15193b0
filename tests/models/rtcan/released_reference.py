"""The published networks written down plainly, with the names of their checkpoints.

It knows nothing of rtcan. Shapes come from the published list of keys, the order of operations
from the description of the code: RNTA on three parts with maximum pooling, then channel attention
over the whole length, then the residual stages. `forward` gives what goes into the last activation,
`output` what comes out of it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class NonLocalBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = channels // 2
        self.origin_conv = nn.Sequential(nn.Conv1d(channels, self.inner, 1), nn.MaxPool1d(2))
        self.W = nn.Sequential(nn.Conv1d(self.inner, channels, 1), nn.BatchNorm1d(channels))
        self.theta = nn.Conv1d(channels, self.inner, 1)
        self.phi = nn.Sequential(nn.Conv1d(channels, self.inner, 1), nn.MaxPool1d(2))

    def forward(self, x: Tensor) -> Tensor:
        similarity = torch.matmul(self.theta(x).transpose(1, 2), self.phi(x))
        weight = (similarity - similarity.max()).exp()
        attention = weight / weight.sum(dim=2, keepdim=True)
        gathered = torch.matmul(attention, self.origin_conv(x).transpose(1, 2)).transpose(1, 2)
        return self.W(gathered) + x


class NonLocal(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.non_local = NonLocalBlock(channels)

    def forward(self, x: Tensor) -> Tensor:
        first, second = int(x.shape[2] / 3), int(2 * x.shape[2] / 3)
        latency = self.non_local(x[:, :, :first])
        rise = self.non_local(x[:, :, first:second])
        recovery = self.non_local(x[:, :, second:])
        return torch.cat([latency, rise, recovery], dim=2)


class ChannelAttention(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_du = nn.Sequential(
            nn.Conv1d(channels, channels // 8, 1),
            nn.ReLU(),
            nn.Conv1d(channels // 8, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv_du(x.mean(dim=2, keepdim=True))


class Block(nn.Module):
    def __init__(self, channels: int, stride: int, attention: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm1d(channels)
        if attention:
            self.Attention = ChannelAttention(channels)
        if stride != 1:
            self.downsample = nn.Sequential(
                nn.Conv1d(channels, channels, 1, stride=stride, bias=False),
                nn.BatchNorm1d(channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        if hasattr(self, "Attention"):
            x = self.Attention(x)
        if hasattr(self, "downsample"):
            shortcut = self.downsample(x)
        return torch.relu(torch.relu(self.bn1(self.conv1(x))) + shortcut)


class Residual(nn.Module):
    def __init__(self, channels: int, attention: bool, stem: bool) -> None:
        super().__init__()
        if stem:
            self.conv1 = nn.Conv1d(3, channels, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm1d(channels)
        for stage in (1, 2, 3, 4):
            blocks = nn.Sequential(Block(channels, 2, attention), Block(channels, 1, attention))
            setattr(self, f"layer3x3_{stage}", blocks)
        self.final_downsample = nn.Sequential(
            nn.Conv1d(channels, channels, 1, stride=3, bias=False), nn.BatchNorm1d(channels)
        )
        self.average = nn.AvgPool1d(14, stride=1)
        self.fc = nn.Linear(256, 10)  # never used

    def forward(self, x: Tensor) -> Tensor:
        if hasattr(self, "conv1"):
            x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3x3_2(self.layer3x3_1(x))
        x = self.layer3x3_4(self.layer3x3_3(x))
        return self.average(self.final_downsample(x)).reshape(len(x), -1)


class Reference(nn.Module):
    """One of the networks that the published scripts can build.

    `attention` and `non_local` are their switches. Modules are made in the order of each script,
    which is the order of the entries in a checkpoint.
    """

    def __init__(
        self,
        dataset: str = "pmemo",
        *,
        n_music: int = 0,
        attention: bool = True,
        non_local: bool = True,
        n_classes: int = 2,
    ) -> None:
        super().__init__()
        self.n_music = n_music
        front = attention or non_local
        residual = Residual(64, attention and dataset == "pmemo", stem=not front)
        if front:
            self.origin_block = nn.Sequential(
                nn.Conv1d(3, 64, 7, stride=2, padding=3), nn.BatchNorm1d(64)
            )
        if dataset != "pmemo":
            self.Res_sub = residual
        if non_local:
            self.Non_local = NonLocal(64)
        if attention:
            self.Attention = ChannelAttention(64)
        if dataset == "pmemo":
            self.Res_sub = residual
        self.regression = nn.Sequential(
            nn.Linear((896 if front or dataset != "pmemo" else 512) + n_music, 256),
            nn.ReLU(),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Linear(128, n_classes),
        )

    def forward(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        x = eda
        if hasattr(self, "origin_block"):
            x = self.origin_block(x)
        if hasattr(self, "Non_local"):
            x = self.Non_local(x)
        if hasattr(self, "Attention"):
            x = self.Attention(x)
        x = self.Res_sub(x)
        if music is not None:
            x = torch.cat([x, music], dim=1)
        return self.regression(x)

    def output(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        logits = self(eda, music)
        return torch.softmax(logits, dim=1) if self.n_music else torch.relu(logits)


def published(dataset: str = "pmemo", *, seed: int = 0, **parts: bool | int) -> Reference:
    """A network in evaluation mode, with weights and statistics as if it had been trained."""
    torch.manual_seed(seed)
    model = Reference(dataset, **parts)
    for name, tensor in model.state_dict().items():
        if name.endswith("running_mean") or name.endswith("bias"):
            tensor.normal_(std=0.3)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 2.0)
        elif tensor.ndim == 1:
            tensor.uniform_(0.5, 1.5)  # scale of a BatchNorm; that of W starts at 0
        elif tensor.ndim > 1:
            nn.init.kaiming_normal_(tensor)  # so that what comes in can be told at the end
            if "theta" in name or "phi" in name:
                tensor *= 0.3  # or each sample would attend to a single other one
    return model.eval()
