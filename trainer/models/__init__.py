"""Networks: one file each. Names to import paths, loaded when chosen."""

NETWORKS = {
    "dense_autoencoder": "trainer.models.dense_autoencoder:DenseAutoencoder",
}
