"""An emulation of AWS on this machine: moto, and the features that moto lacks."""
