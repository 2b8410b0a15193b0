"""Several recordings computed in lockstep, each in a lane of the processor's vector registers.

Compiled code that reads and writes its samples with `at` and `put`, and begins with `like`, works
on one recording where its arrays have one axis, and on `LANES` where they have a second one of that
length. In the first case it computes with numbers, in the second with vectors of numbers: nothing
else differs, and no lane knows of the others. LLVM makes such vectors for every processor; where
registers are shorter it takes several.

A recursion that has to wait for its own last result leaves most of a processor idle. With
independent recordings in the lanes it does as many steps in the same time.

All but `LANES` can be called from compiled code only.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, overload, register_model

from rtcan_cli.eda.compiled import compiled

#: Recordings in lockstep: as many as the widest registers have numbers of double precision.
LANES = 4

_function: Any = intrinsic  # its own type describes what is decorated, not what is called

_DOUBLE, _INDEX = ir.DoubleType(), ir.IntType(32)
_VECTOR = ir.VectorType(_DOUBLE, LANES)


class _Lanes(types.Type):
    """A number for each lane, as Numba knows it."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


_lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _spread(builder: Any, value: Any) -> Any:
    """The same number in all lanes; what has lanes already stays as it is."""
    if isinstance(value.type, ir.VectorType):
        return value
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, value, _INDEX(0))
    everywhere = ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, everywhere)


def _alike(builder: Any, *values: Any) -> list[Any]:
    """All as lanes if one of them is."""
    if any(isinstance(value.type, ir.VectorType) for value in values):
        return [_spread(builder, value) for value in values]
    return list(values)


def _define(operation: Any, instruction: str) -> None:
    """Arithmetic on lanes, and on lanes and a number, by an instruction of LLVM."""
    pairs = [(_lanes, _lanes), (_lanes, types.float64), (types.float64, _lanes)]

    @infer_global(operation)
    class Operands(ConcreteTemplate):
        cases = tuple(signature(_lanes, *pair) for pair in pairs)

    def lower(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        return getattr(builder, instruction)(*_alike(builder, *values))

    for pair in pairs:
        lower_builtin(operation, *pair)(lower)


for _operation, _instruction in {
    (operator.add, "fadd"),
    (operator.iadd, "fadd"),
    (operator.sub, "fsub"),
    (operator.isub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
}:
    _define(_operation, _instruction)


@infer_global(operator.neg)
class _Negative(ConcreteTemplate):
    cases = (signature(_lanes, _lanes),)


@lower_builtin(operator.neg, _lanes)
def _negative(context: Any, builder: Any, types_: Any, values: Any) -> Any:
    return builder.fneg(*values)


def _element(array: Any) -> Any:
    """What `at` reads from an array of that type."""
    if array.layout != "C" or array.dtype != types.float64 or array.ndim not in (1, 2):
        raise TypeError(f"{array} has neither samples nor samples in lanes")
    return types.float64 if array.ndim == 1 else _lanes


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Where the element at an index lies."""
    data = context.make_array(kind)(context, builder, array).data
    if kind.ndim == 1:
        return builder.gep(data, [index])
    first = builder.gep(data, [builder.mul(index, index.type(LANES))])
    return builder.bitcast(first, _VECTOR.as_pointer())


@_function
def at(typing: Any, array: Any, index: Any) -> Any:
    """The element at an index that is not negative; nothing checks that it is inside."""

    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        place = _place(context, builder, types_.args[0], *values)
        return builder.load(place, align=8)

    return _element(array)(array, types.intp), generate


@_function
def put(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write an element at an index that is not negative; nothing checks that it is inside."""

    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        array, index, value = values
        value = _spread(builder, value) if types_.args[0].ndim == 2 else value
        builder.store(value, _place(context, builder, types_.args[0], array, index), align=8)
        return context.get_dummy_value()

    if _number(value) == _lanes != _element(array):
        raise TypeError("an array without lanes cannot take a number for each")
    return types.none(array, types.intp, _number(value)), generate


@_function
def like(typing: Any, array: Any, number: Any) -> Any:
    """A number, in all lanes if the array has lanes."""

    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        return _spread(builder, values[1]) if types_.return_type == _lanes else values[1]

    return _element(array)(array, types.float64), generate


@_function
def root(typing: Any, value: Any) -> Any:
    """Square root."""

    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        kind = values[0].type
        name = f"llvm.sqrt.{f'v{LANES}f64' if kind == _VECTOR else 'f64'}"
        function = ir.FunctionType(kind, [kind])
        return builder.call(cgutils.get_or_insert_function(builder.module, function, name), values)

    return _number(value)(_number(value)), generate


@_function
def larger(typing: Any, one: Any, other: Any) -> Any:
    """The larger of two; the second where they cannot be compared."""

    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        one, other = _alike(builder, *values)
        return builder.select(builder.fcmp_ordered(">", one, other), one, other)

    kinds = _number(one), _number(other)
    return _widest(*kinds)(*kinds), generate


@_function
def choose(typing: Any, condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition is above zero, else `no`, also where it is not a number."""

    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        condition, yes, no = _alike(builder, *values)
        (zero, _) = _alike(builder, ir.Constant(_DOUBLE, 0.0), condition)
        return builder.select(builder.fcmp_ordered(">", condition, zero), yes, no)

    kinds = _number(condition), _number(yes), _number(no)
    return _widest(*kinds)(*kinds), generate


def zeros(array: Any, count: int) -> Any:
    """New elements, in lanes if the array has lanes."""
    raise NotImplementedError("can be called from compiled code only")


@overload(zeros, strict=False)  # else the annotations would have to be the same
def _zeros(array: Any, count: Any) -> Any:
    if _element(array) == _lanes:
        return lambda array, count: np.zeros((count, LANES))
    return lambda array, count: np.zeros(count)


# What follows does nothing here, where an index is a number, but `rtcan_cli.eda.rows` does much.


@compiled()
def each(start: int, stop: int) -> Any:
    """Indices of samples that do not wait for each other."""
    return range(start, stop)


@compiled()
def entry(table: Any, index: int, start: int, column: int) -> Any:
    """Number of a table whose first row belongs to the sample at `start`."""
    return table[index - start, column]


@compiled()
def place(index: int) -> float:
    """An index as a number."""
    return float(index)


@compiled()
def total(values: Any) -> Any:
    """Sum over the samples of an index."""
    return values


@compiled()
def largest(values: Any) -> Any:
    """The largest of the samples of an index."""
    return values


@compiled()
def inside(index: int, end: Any) -> Any:
    """One before the end, else zero: recordings in lockstep end at different samples."""
    return choose(end - float(index), 1.0, 0.0)


def _number(kind: Any) -> Any:
    return kind if kind == _lanes else types.float64


def _widest(*kinds: Any) -> Any:
    return _lanes if _lanes in kinds else types.float64
