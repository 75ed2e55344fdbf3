"""A portrait of the owner as observed by a model: a clone folder -> ten cards -> one HTML page.

`findings/` turns messages and reports into cards of sentences, figures and charts as plain data; `charts` draws the
charts, `portrait_page` writes the page. `name_filter` decides which words a card may show: other people are never
named.
"""
