"""What a recipient needs to check a package: verifier, Merkle proofs, signatures. Imports no other code of this project."""
