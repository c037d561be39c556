"""What a recipient needs to check a package and to find its files: verifier, index, proofs, signatures. Needs `cryptography` only.

The platform that makes the packages uses the same code; nothing else of the project is imported here.
"""
