"""`python -m edge_search`: the same as `edge-search`."""

from edge_search.cli.main import main

main()
