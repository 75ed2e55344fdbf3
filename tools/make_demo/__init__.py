"""Writes the invented person's export that ships with the package: a Discord data package in the June 2025 layout.

    python -m tools.make_demo [--out src/soundalike/demo/package.zip] [--seed 9]

`texts/` holds scenes with choices and blanks, `grammar` fills them in, `world` has the people, channels and dates,
`typing_habits` how the owner types, `year` plans a year of messages, and `package` writes them as Discord does.
"""
