"""Networks: one file each. Names to import paths, loaded when chosen."""

NETWORKS = {
    "dense_autoencoder": "trainer.models.dense_autoencoder:DenseAutoencoder",
    "forecast_and_nearest_window": (
        "trainer.models.forecast_and_nearest_window:ForecastAndNearestWindow"
    ),
    "lstm_autoencoder": "trainer.models.lstm_autoencoder:LSTMAutoencoder",
    "lstm_forecaster": "trainer.models.lstm_forecaster:LSTMForecaster",
    "nearest_window": "trainer.models.nearest_window:NearestWindow",
    "pca": "trainer.models.pca:PrincipalComponents",
    "vector_autoregression": (
        "trainer.models.vector_autoregression:VectorAutoregression"
    ),
}
