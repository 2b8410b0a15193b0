"""Stores as data frames, and opened by xarray, compared with h5py alone."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.stores.frame import read_store
from rtcan_cli.stores.schema import SCHEMAS
from tests.conftest import must


@pytest.fixture(scope="module")
def stores(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    features = tmp_path_factory.mktemp("features") / "features.h5"
    must("eda-features", "-w", trained, "-o", features, "--jobs", "1")
    space = Workspace(trained)
    kinds = ("recordings", "labels", "components", "music")
    return {
        **{kind: space.store("pmemo", kind) for kind in kinds},
        "features": features,
        "run": space.runs()[0],
    }


def test_every_kind_of_store_has_a_main_table(stores: dict[str, Path]) -> None:
    assert set(stores) == set(SCHEMAS)
    for kind, path in stores.items():
        frame = read_store(str(path))
        assert len(frame) > 0
        with Store(path) as store:
            assert frame.attrs["content_id"] == store.content_id
        assert frame.attrs["kind"] == kind
        assert frame.attrs["simulated"] is True
        assert set(frame.attrs["units"]) <= set(frame.columns)


def test_a_table_is_what_h5py_reads(stores: dict[str, Path]) -> None:
    frame = read_store(stores["recordings"], "quality")
    with h5py.File(stores["recordings"]) as h5:
        assert set(frame.columns) == set(h5["quality"])
        for name, column in h5["quality"].items():
            np.testing.assert_array_equal(frame[name], column[()])
    trials = read_store(stores["recordings"])
    assert trials["subject"].map(type).eq(str).all()
    assert frame.attrs["units"]["duration"] == "s"


def test_samples_are_rows_with_their_time(stores: dict[str, Path]) -> None:
    frame = read_store(stores["components"], "signals")
    with h5py.File(stores["components"]) as h5:
        offsets, rate = h5["signals/offsets"][()], h5["recordings/sampling_rate"][()]
        for i in (0, len(rate) - 1):
            own = frame[frame["recording"] == i]
            np.testing.assert_array_equal(
                own["phasic"], h5["signals/phasic"][offsets[i] : offsets[i + 1]]
            )
            np.testing.assert_allclose(own["time"], np.arange(len(own)) / rate[i])
        assert len(frame) == offsets[-1]
    assert "offsets" not in frame


@pytest.mark.parametrize("kind", ["features", "music"])
def test_features_are_columns(stores: dict[str, Path], kind: str) -> None:
    frame = read_store(stores[kind])
    with h5py.File(stores[kind]) as h5:
        names = h5["features/name"].asstr()[()]
        np.testing.assert_array_equal(frame[names].to_numpy(), h5["features/value"][()])
    assert list(frame.columns[-len(names) :]) == list(names)
    if kind == "features":
        assert frame.attrs["units"]["eda_centroid"] == "Hz"


def test_other_tables_are_refused_with_those_there_are(stores: dict[str, Path]) -> None:
    with pytest.raises(RtcanError, match="a labels store has no table 'trials'") as caught:
        read_store(stores["labels"], "trials")
    assert caught.value.hint == "labels or thresholds"
    with pytest.raises(RtcanError, match="no table 'weights'"):
        read_store(stores["run"], "weights")
    with pytest.raises(RtcanError):
        read_store(stores["labels"].with_name("absent.h5"))


def test_xarray_opens_every_store_without_rtcan(stores: dict[str, Path]) -> None:
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    pytest.importorskip("h5netcdf", reason="h5netcdf is not installed")
    for kind, path in stores.items():
        with Store(path) as store:
            known = store.datasets()
        assert known
        with xarray.open_datatree(path, engine="h5netcdf", phony_dims="access") as tree:
            assert tree.attrs["kind"] == kind
            for name, (shape, *_) in known.items():
                if 0 not in shape:  # columns of empty tables are not what netCDF knows
                    assert tree[name].shape == shape
    path = stores["components"]
    recordings, samples = read_store(path), read_store(path, "signals")
    with xarray.open_datatree(path, engine="h5netcdf", phony_dims="access") as tree:
        phasic = tree["signals/phasic"]
        assert phasic.attrs["unit"] == "z"
        np.testing.assert_array_equal(phasic, samples["phasic"])
        subject = tree["recordings/subject"].astype(str)
        assert subject.values.tolist() == recordings["subject"].tolist()
