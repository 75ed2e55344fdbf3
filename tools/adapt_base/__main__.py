"""The command: `python -m tools.adapt_base BASE_FOLDER CORPORA --out FOLDER --hours 2`."""

import argparse
from pathlib import Path

from tools.adapt_base.adapt import Settings, adapt
from tools.pretrain_pocket.settings import MIXTURES


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.adapt_base", description="Adapt a base to chats.")
    parser.add_argument("base", type=Path, help="folder of the base, in transformers' layout")
    parser.add_argument("corpora", type=Path, help="folder of *.jsonl.gz conversations")
    parser.add_argument("--out", type=Path, required=True, help="folder for adapter and checkpoint")
    parser.add_argument("--adapter", type=Path, help="folder of an adapter whose factors a new run goes on from")
    parser.add_argument("--hours", type=float, default=Settings().hours, help="of training, all rounds together")
    parser.add_argument("--mixture", choices=MIXTURES, default=Settings().mixture, help="shares of the corpora")
    options = parser.parse_args(arguments)
    settings = Settings(hours=options.hours, mixture=options.mixture)
    adapt(options.base, options.corpora, options.out, settings, options.adapter)


if __name__ == "__main__":
    main()
