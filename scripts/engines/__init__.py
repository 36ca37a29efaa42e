"""What a store says over its own protocol, the same in every cloud. One kind of store a folder."""
