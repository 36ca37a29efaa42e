"""What a site is made of. `registry.py` says which components a cloud has; what is neutral imports no cloud."""
