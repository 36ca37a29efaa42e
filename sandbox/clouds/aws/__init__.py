"""The AWS control plane: moto behind a gateway, with what moto lacks completed over the world's real parts."""
