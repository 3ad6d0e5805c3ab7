"""The talk's dense autoencoder, by the talk's own command lines."""

from talk_contract import TalkContract


class TestDenseAutoencoder(TalkContract):
    """The three hidden layers of the talk on each side."""

    model_type = "dense_autoencoder"
    flags = (
        "--enc_dnn_hidden_units=64,32,16",
        "--latent_vector_size=8",
        "--dec_dnn_hidden_units=16,32,64",
    )
