"""The cards: pure functions from `PortraitData` and reports to sentences, figures and charts."""
