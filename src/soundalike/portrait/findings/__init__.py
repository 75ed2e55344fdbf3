"""The findings: pure functions from `Material` and reports to cards of numbers and sentences, in the page's order."""
