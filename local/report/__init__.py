"""The report of a replay: sums of bounded size, as text, as JSON and as a page to mail."""
