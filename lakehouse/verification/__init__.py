"""What a recipient needs to check a package: verifier, proof paths, signatures. Imports nothing else of ours, so it can be given away."""
