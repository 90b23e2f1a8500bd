"""AWS on this machine: moto, and the few pieces moto lacks."""
