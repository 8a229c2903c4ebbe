"""An executed notebook as one HTML file, with the styles and scripts that it carries."""
