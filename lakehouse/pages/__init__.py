"""What all pages share: one look, two languages, everything in one file that loads nothing."""
