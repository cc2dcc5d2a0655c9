"""The command line: reads arguments, prints results, translates errors. Nothing else lives here."""
