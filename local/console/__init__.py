"""The console: a web page on this machine that shows the app in the embedded AWS, or your own replayed flow logs."""
