"""OCR-GAN Video and the modules it is made of."""
