"""Training on a CPU: rtcan's network beside a plain one and beside the limit, one thread each.

Run it as ``.venv/bin/python benchmarks/train.py [BATCH] [STEPS]``.

The limit is a product of two large square matrices in the same precision. It is measured between
the steps of each contestant, so both meet the same machine. The share of the limit is the time that
the arithmetic of a step would take at this rate, divided by the time that the step takes. The
arithmetic is counted by PyTorch: convolutions, matrix products and attention, forward and backward.

Each contestant trains Rf with music (2500 samples, 6373 features) from the same weights on the same
random trials, in a process of its own. The plain one is what the paper's formulas say, in PyTorch's
own layers: part by part, with the whole matrix of attention weights. Times are seconds of the
processor, so what else the machine does hardly matters.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from rtcan_cli.models.layers.convolution import BatchNorm, Conv
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build
from rtcan_cli.training.device import keep_memory
from rtcan_cli.training.fit import autocast
from rtcan_cli.training.recipes import RECIPES

LENGTH, FEATURES = 2500, 6373
SPEC = ModelSpec("Rf", n_music=FEATURES, length=LENGTH)
SIDE = 2048  # of the matrices that set the limit
#: Name to: written plainly, precision, whether freed memory is kept.
CONTESTANTS = {
    "plain": (True, "fp32", False),
    "plain, memory kept": (True, "fp32", True),
    "rtcan, memory not kept": (False, "fp32", False),
    "rtcan": (False, "fp32", True),
    "rtcan, --precision bf16": (False, "bf16", True),
}


class Plain(nn.Module):
    """Rf as the paper's formulas say it, with the weights of an `RTCAN`."""

    def __init__(self, model: RTCAN) -> None:
        super().__init__()
        for layer in model.modules():  # PyTorch's own layers, whose weights ours have
            if isinstance(layer, (Conv, BatchNorm)):
                layer.__class__ = type(layer).__base__
        self.model = model

    def forward(self, eda: Tensor, music: Tensor) -> Tensor:
        """Return logits (batch, 2)."""
        model = self.model
        x = model.sfe(eda)
        x = torch.cat([channel_attention(model.sca, part) for part in thirds(x)], dim=2)
        gathered = torch.cat([temporal_attention(model.rnta, part) for part in thirds(x)], dim=2)
        x = model.rnta.W(gathered) + x
        for block in model.rfe.blocks:
            attended = channel_attention(block.sca, x)
            x = torch.relu(block.branch(attended) + block.shortcut(x))
        x = F.avg_pool1d(model.rfe.tail(x), 14, stride=1)
        return model.classifier(torch.cat([x.flatten(1), music], dim=1))


def thirds(x: Tensor) -> list[Tensor]:
    third = x.shape[2] // 3
    return [x[:, :, :third], x[:, :, third : 2 * third], x[:, :, 2 * third :]]


def channel_attention(sca: Any, x: Tensor) -> Tensor:
    return x * sca.gate(x.mean(dim=2, keepdim=True))


def temporal_attention(rnta: Any, x: Tensor) -> Tensor:
    theta, phi, g = rnta.theta(x), F.avg_pool1d(rnta.phi(x), 2), F.avg_pool1d(rnta.g(x), 2)
    weights = torch.softmax(torch.bmm(theta.transpose(1, 2), phi), dim=2)
    return torch.bmm(weights, g.transpose(1, 2)).transpose(1, 2)


def train(name: str, batch: int, steps: int) -> dict[str, Any]:
    """Losses of some steps, the processor's seconds for a step, its limit, the peak memory."""
    plainly, precision, keeps = CONTESTANTS[name]
    torch.set_num_threads(1)
    if keeps:
        keep_memory()
    recipe = replace(RECIPES["paper"], precision=precision)
    model = build(SPEC, "default", seed=0).train()
    assert model.rnta is not None
    nn.init.ones_(model.rnta.W[1].weight)  # at 0 there would be no gradient to compute
    network = Plain(model) if plainly else model
    optimizer = recipe.new_optimizer(network.parameters())
    torch.manual_seed(1)
    eda, music = torch.randn(batch, 3, LENGTH), torch.randn(batch, FEATURES)
    label = torch.randint(0, 2, (batch,))

    def step() -> float:
        optimizer.zero_grad()
        with autocast(recipe, eda.device):
            scores = network(eda, music)
        loss = F.cross_entropy(scores.float(), label)
        loss.backward()
        optimizer.step()
        return loss.item()

    losses, seconds, limits = [], [], []
    for _ in range(steps + 1):
        start = time.process_time()
        losses.append(step())
        seconds.append(time.process_time() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        limits.append(rate_of_products(torch.bfloat16 if precision == "bf16" else torch.float32))
    return {
        "losses": losses,
        "seconds": statistics.median(seconds[1:]),
        "limit": statistics.median(limits[1:]),
        "MiB": peak,
    }


def rate_of_products(dtype: torch.dtype) -> float:
    """Floating-point operations that a large matrix product does in a second of the processor."""
    a = torch.ones(SIDE, SIDE, dtype=dtype)
    start = time.process_time()
    torch.mm(a, a)
    return 2 * SIDE**3 / (time.process_time() - start)


def operations(spec: ModelSpec) -> float:
    """Floating-point operations of one step of training, for each trial."""
    network, batch = build(spec, "default", seed=0).train(), 2
    eda, music = torch.ones(batch, 3, spec.length), torch.ones(batch, spec.n_music)
    # Attention as matrix products, which are what is counted.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        network(eda, music).sum().backward()
    return counter.get_total_flops() / batch


def main(batch: int = 256, steps: int = 8) -> None:
    cpu = torch.cpu.get_capabilities()
    for_each = operations(SPEC)
    print(f"torch {torch.__version__}, batch {batch}, {steps} steps, one thread")
    print(f"CPU: bf16 in hardware: {cpu.get('avx512_bf16')}, AMX: {cpu.get('amx_bf16', False)}")
    print(f"A step does {for_each / 1e9:.3f} GFLOP for each trial.")
    print(f"{'':24s} samples/s   ratio   peak MiB   limit [GFLOP/s]   share [%]   loss")
    results: dict[str, dict[str, Any]] = {}
    for name in CONTESTANTS:
        command = [sys.executable, __file__, name, str(batch), str(steps)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        results[name] = found = json.loads(out)
        first = results["plain"]
        pairs = zip(found["losses"], first["losses"], strict=True)
        share = batch * for_each / found["limit"] / found["seconds"]
        print(
            f"{name:24s} {batch / found['seconds']:9.1f} {first['seconds'] / found['seconds']:7.2f}"
            f" {found['MiB']:10.0f} {found['limit'] / 1e9:17.0f} {100 * share:11.0f}"
            f"   {max(abs(a - b) for a, b in pairs):.1e}",
            flush=True,
        )
    losses = results["plain"]["losses"]
    print("loss: the largest difference from the plain network's in any step; that fell from")
    print(f"{losses[0]:.4f} to {losses[-1]:.4f}.")
    single, half = results["rtcan"], results["rtcan, --precision bf16"]
    print(
        f"bf16 is {single['seconds'] / half['seconds']:.2f} times as fast as fp32; matrix products "
        f"are {half['limit'] / single['limit']:.2f} times as fast."
    )


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in CONTESTANTS:
        print(json.dumps(train(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
    else:
        main(*map(int, sys.argv[1:]))
