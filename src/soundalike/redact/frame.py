"""Masks a column of texts: Polars finds the few that rules may change, and only those are processed in Python.

Texts whose view differs from them (odd characters) are masked by way of their views; all others as they are.
"""

from collections.abc import Sequence

import polars as pl

from soundalike.messages import add_counts
from soundalike.redact import links
from soundalike.redact.rule import Counts, Rule, apply_edits
from soundalike.redact.rules import AFTER_LINKS, BEFORE_LINKS, SIFTS, edit_links
from soundalike.redact.text_view import ODD, TextView, make_view

_ALL = len(AFTER_LINKS)  # more than the number of any rule


def mask_texts(texts: pl.Series, counts: Counts) -> pl.Series:
    """The texts masked; adds to `counts`."""
    texts = texts.clone()  # scatter writes in place
    odd = _odd(texts)
    rows = _sift(texts)
    _mask_plain(texts, rows.filter(~odd.gather(rows)), counts)
    _mask_odd(texts, odd.arg_true(), counts)
    return texts


def _odd(texts: pl.Series) -> pl.Series:
    """Whether each text's view may differ from it. Most texts are ASCII and skip the pattern."""
    rows = (texts.str.len_bytes() != texts.str.len_chars()).fill_null(False)
    return rows.scatter(at, texts.gather(at).str.contains(ODD)) if (at := rows.arg_true()).len() else rows


def _sift(texts: pl.Series) -> pl.Series:
    """Indices of the texts that some rule may change."""
    found = pl.any_horizontal(pl.col("text").str.contains(sift) for sift in SIFTS).fill_null(False)
    # The streaming engine uses all cores; a single expression would run on one.
    return texts.to_frame("text").lazy().select(found).collect(engine="streaming").to_series().arg_true()


def _mask_plain(texts: pl.Series, rows: pl.Series, counts: Counts) -> None:
    """Mask, in place, the texts at `rows`, which are as the rules read them and which `_sift` has found.

    Texts are processed again while rules change them, because masks side by side may form an address, or while links
    remain after some were reduced. Rules after the last one that changed a text have read it as it is: in the next
    round `last` says how far the rules are applied.
    """
    last = pl.Series([_ALL], dtype=pl.Int16).new_from_index(0, rows.len())
    while rows.len():
        before = texts.gather(rows)
        reduced = _reduce_links(_mask(BEFORE_LINKS, before, counts), counts)
        relinked = reduced != before
        masked, last = _mask_sifted(reduced, relinked, last.set(relinked, _ALL), counts)
        texts.scatter(rows, masked)
        again = ((masked != reduced) | (relinked & reduced.str.contains(links.HINT))).arg_true()
        again = again.gather(_sift(masked.gather(again)))
        rows, last = rows.gather(again), last.gather(again)


def _mask_sifted(texts: pl.Series, changed: pl.Series, last: pl.Series, counts: Counts) -> tuple[pl.Series, pl.Series]:
    """Apply the rules after links; only `changed` texts are sifted again. Also the last rule that changed each text."""
    rows = changed.arg_true()
    rows = (~changed).arg_true().append(rows.gather(_sift(texts.gather(rows))))
    changed_by = last.gather(rows).to_list()
    masked = _mask(AFTER_LINKS, texts.gather(rows), counts, changed_by)
    return texts.clone().scatter(rows, masked), last.clone().scatter(rows, pl.Series(changed_by, dtype=pl.Int16))


def _reduce_links(texts: pl.Series, counts: Counts) -> pl.Series:
    """Links reduced to their host, in Polars: by far the commonest rule, and the only one that needs no check."""
    reduced = texts.str.replace_all(links.LINK, "".join(f"${{{group}}}" for group in links.LINK_PARTS))
    changed = texts.filter(reduced != texts)  # every link changes its text
    add_counts(counts, {links.LINK_KIND: int(changed.str.count_matches(links.LINK).sum())})
    return reduced


def _mask(rules: Sequence[Rule], texts: pl.Series, counts: Counts, last: list[int] | None = None) -> pl.Series:
    """The rules in order, each on the texts that its hint finds.

    `last` is, for each text, the number of the last rule to apply unless one changes it; it becomes the number of the
    last rule that did, or -1.
    """
    hinted = _hinted(rules, texts)
    rows = pl.concat([*hinted.values()]).unique()
    masked = dict(zip(rows, texts.gather(rows), strict=True))
    changed_by: dict[int, int] = {}
    for number, rule in enumerate(rules):
        for row in hinted[rule.hint]:
            if last and row not in changed_by and number > last[row]:
                continue
            if edits := rule.edits(masked[row], counts):
                masked[row] = apply_edits(masked[row], edits)
                changed_by[row] = number
    if last:
        last[:] = [changed_by.get(row, -1) for row in range(len(last))]
    return texts.clone().scatter(rows, pl.Series(masked.values(), dtype=pl.String))


def _hinted(rules: Sequence[Rule], texts: pl.Series) -> dict[str, pl.Series]:
    """For each hint, the indices of the texts that it finds."""
    frame = texts.to_frame("text").with_row_index("row")
    by_sift: dict[str, list[str]] = {}
    for rule in rules:
        by_sift.setdefault(rule.sift if rule.complete_sift else "", []).append(rule.hint)
    found: dict[str, pl.Series] = {}
    for sift, hints in by_sift.items():
        sifted = frame.filter(pl.col("text").str.contains(sift)) if sift else frame
        matches = sifted.select(pl.col("text").str.contains(hint).alias(hint) for hint in dict.fromkeys(hints))
        found |= {hint: sifted["row"].filter(matches[hint]) for hint in matches.columns}
    return found


def _mask_odd(texts: pl.Series, rows: pl.Series, counts: Counts) -> None:
    """Mask, in place, the texts at `rows`, which have odd characters: masks replace what was originally written."""
    views = [make_view(text) for text in texts.gather(rows)]
    pending = [views[at] for at in _sift(_read(views))]
    while pending:
        before = [view.text for view in pending]
        _edit_views(pending, counts)
        changed = [view for view, text in zip(pending, before, strict=True) if view.text != text]
        pending = [changed[at] for at in _sift(_read(changed))]
    texts.scatter(rows, pl.Series([view.result for view in views], dtype=pl.String))


def _read(views: Sequence[TextView]) -> pl.Series:
    return pl.Series("text", [view.text for view in views], dtype=pl.String)


def _edit_views(views: Sequence[TextView], counts: Counts) -> None:
    """Every rule once, in order, on views."""
    for view in views:
        edit_links(view, counts)
    hinted = _hinted(AFTER_LINKS, _read(views))
    for rule in AFTER_LINKS:
        for at in hinted[rule.hint]:
            views[at].edit(rule.edits(views[at].text, counts))
