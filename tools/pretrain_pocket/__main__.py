"""The command: `python -m tools.pretrain_pocket CORPORA --out FOLDER --tokens 8_000_000`."""

import argparse
from pathlib import Path

from tools.pretrain_pocket.pretrain import pretrain
from tools.pretrain_pocket.settings import MIXTURES, Settings


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pretrain_pocket", description="Make the built-in base model."
    )
    parser.add_argument("corpora", type=Path, help="folder of *.jsonl.gz conversations")
    parser.add_argument("--out", type=Path, required=True, help="folder for tokenizer, weights and checkpoint")
    parser.add_argument("--tokens", type=int, default=Settings().tokens, help="tokens to train on")
    parser.add_argument("--mixture", choices=MIXTURES, default=Settings().mixture, help="shares of the corpora")
    parser.add_argument(
        "--peak", type=float, default=Settings().peak, help="share of the rates that this round reaches"
    )
    parser.add_argument("--decay", type=float, default=Settings().decay_share, help="share of this round that decays")
    parser.add_argument("--seed", type=int, default=Settings().seed)
    options = parser.parse_args(arguments)
    schedule = {"peak": options.peak, "decay_share": options.decay}
    pretrain(options.corpora, options.out, Settings(options.seed, options.tokens, mixture=options.mixture, **schedule))


if __name__ == "__main__":
    main()
