"""The files that say which packages a project uses: from text to values, and back to text."""
