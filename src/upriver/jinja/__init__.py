"""The template language: text in, text or syntax facts out; asks a `World` for everything else."""
