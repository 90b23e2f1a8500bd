"""AWS's list prices, by Region: the one dated table, for synth, for commands on this machine, and for docs/cost.md.

No function has them: a processor counts bytes and never dollars.
"""
