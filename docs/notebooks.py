"""Add the notebooks of `examples/notebooks` to the pages, for mkdocs-jupyter to run and show."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

EXAMPLES = Path(__file__).parents[1] / "examples"


@event_priority(100)  # before mkdocs-jupyter looks for notebooks
def on_files(files: Files, config: MkDocsConfig) -> Files:
    for path in sorted(EXAMPLES.glob("notebooks/*.ipynb")):
        files.append(
            File(
                path.relative_to(EXAMPLES).as_posix(),
                src_dir=str(EXAMPLES),
                dest_dir=config.site_dir,
                use_directory_urls=config.use_directory_urls,
            )
        )
    return files
