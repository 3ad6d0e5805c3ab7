"""The talk's LSTM autoencoder, by the talk's own command lines."""

from talk_contract import TalkContract


class TestLstmAutoencoder(TalkContract):
    """The talk's layers and keep probabilities."""

    model_type = "lstm_enc_dec_autoencoder"
    flags = (
        "--enc_lstm_hidden_units=64,32,16",
        "--dec_lstm_hidden_units=16,32,64",
        "--lstm_dropout_output_keep_probs=0.9,0.95,1.0",
        "--dnn_hidden_units=256,128,64",
    )
    beats_template = False
