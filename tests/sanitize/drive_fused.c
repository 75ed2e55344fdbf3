/* Runs fused.c on a random model, in memory of exactly the sizes that it needs, for a sanitizer to watch.
   Usage: drive_fused HEADS KV_HEADS HIDDEN_PANELS INTERMEDIATE_HALF_PANELS VOCAB_SIZE POSITION_PANELS THREADS
   With more than one thread the weights have 8 bits. */

#include "fused.c"

#include <stdio.h>

enum { LAYERS = 2, STREAMS = 4 };

static half *random_halves(size_t count) {
    half *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) numbers[i] = (half)((float)(rand() % 2000 - 1000) / 5000);
    return numbers;
}

static float *random_floats(size_t count) {
    float *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) numbers[i] = 0.5f + (float)(rand() % 1000) / 1000;
    return numbers;
}

/* In fp16, or in 8 bits with a scale for each output. */
static matrix random_matrix(size_t inputs, size_t outputs, int eighths) {
    if (!eighths) return (matrix){random_halves(inputs * outputs), NULL};
    byte *numbers = malloc(inputs * outputs);
    for (size_t i = 0; i < inputs * outputs; i++) numbers[i] = (byte)(rand() % 255 - 127);
    float *scale = random_floats(outputs);
    for (size_t i = 0; i < outputs; i++) scale[i] /= 1000;
    return (matrix){numbers, scale};
}

/* One pass over `rows`, with logits after the last STREAMS; ends the program if a result is not finite. */
static void pass(const model *m, int rows, half **caches, const int32_t *capacities, const int32_t *positions,
                 const int32_t *tokens, int threads) {
    float *logits = malloc(sizeof *logits * STREAMS * (size_t)m->padded_vocab_size), logsumexp[STREAMS];
    if (forward(m, rows, caches, capacities, positions, tokens, STREAMS, threads, logits, logsumexp)) exit(3);
    for (int s = 0; s < STREAMS; s++)
        if (!isfinite(logsumexp[s])) exit(4);
    free(logits);
}

int main(int count, char **arguments) {
    if (count != 8) return 2;
    int heads = atoi(arguments[1]), kv_heads = atoi(arguments[2]), hidden_size = atoi(arguments[3]) * PANEL;
    int intermediate_size = atoi(arguments[4]) * PANEL / 2, vocab_size = atoi(arguments[5]);
    int max_positions = atoi(arguments[6]) * PANEL, head_dim = PANEL, threads = atoi(arguments[7]);
    int eighths = threads > 1;
    int padded_vocab_size = (vocab_size + PANEL - 1) / PANEL * PANEL;
    size_t hidden = (size_t)hidden_size, intermediate = (size_t)intermediate_size;
    size_t positions_count = (size_t)max_positions;
    size_t q_size = (size_t)(heads * head_dim), qkv_size = q_size + (size_t)(2 * kv_heads * head_dim);
    matrix qkv_proj[LAYERS], o_proj[LAYERS], gate_up_proj[LAYERS], down_proj[LAYERS];
    const float *input_norm[LAYERS], *mlp_norm[LAYERS];
    for (int layer = 0; layer < LAYERS; layer++) {
        qkv_proj[layer] = random_matrix(hidden, qkv_size, eighths);
        o_proj[layer] = random_matrix(q_size, hidden, eighths);
        gate_up_proj[layer] = random_matrix(hidden, 2 * intermediate, eighths);
        down_proj[layer] = random_matrix(intermediate, hidden, eighths);
        input_norm[layer] = random_floats(hidden);
        mlp_norm[layer] = random_floats(hidden);
    }
    matrix lm_head = random_matrix(hidden, (size_t)padded_vocab_size, eighths);
    model m = {
        .vocab_size = vocab_size, .padded_vocab_size = padded_vocab_size, .hidden_size = hidden_size,
        .intermediate_size = intermediate_size, .num_layers = LAYERS, .num_heads = heads, .num_kv_heads = kv_heads,
        .head_dim = head_dim, .max_positions = max_positions, .rms_norm_eps = 1e-5f,
        .embedding = random_halves((size_t)vocab_size * hidden),
        .cos = random_floats(positions_count * (size_t)head_dim / 2),
        .sin = random_floats(positions_count * (size_t)head_dim / 2),
        .lm_head = &lm_head, .qkv_proj = qkv_proj, .o_proj = o_proj,
        .gate_up_proj = gate_up_proj, .down_proj = down_proj, .input_norm = input_norm, .mlp_norm = mlp_norm,
        .final_norm = random_floats(hidden),
    };
    half *caches[STREAMS];
    int lengths[STREAMS] = {1, 5, max_positions - 1, PANEL / 2 + 1};
    int32_t capacity[STREAMS]; /* as much as the tokens need and no more */
    for (int s = 0; s < STREAMS; s++) {
        capacity[s] = (lengths[s] + 1 + PANEL - 1) / PANEL * PANEL;
        caches[s] = malloc(sizeof(half) * (size_t)(2 * LAYERS * kv_heads * head_dim) * (size_t)capacity[s]);
    }

    /* Prompts of several lengths in one pass, one as long as the cache allows, each stream's last token at the end. Then
       one token of each stream, up to the last position of the cache. */
    int rows = 0;
    half **row_caches = malloc(sizeof *row_caches * STREAMS * positions_count);
    int32_t *positions = malloc(sizeof *positions * STREAMS * positions_count);
    int32_t *capacities = malloc(sizeof *capacities * STREAMS * positions_count);
    int32_t *tokens = malloc(sizeof *tokens * STREAMS * positions_count);
    for (int last = 0; last < 2; last++)
        for (int s = 0; s < STREAMS; s++)
            for (int at = last ? lengths[s] - 1 : 0; at < lengths[s] - 1 + last; at++) {
                row_caches[rows] = caches[s];
                capacities[rows] = capacity[s];
                positions[rows] = at;
                tokens[rows++] = rand() % vocab_size;
            }
    pass(&m, rows, row_caches, capacities, positions, tokens, threads);
    for (int s = 0; s < STREAMS; s++) {
        positions[s] = lengths[s];
        tokens[s] = vocab_size - 1;
    }
    pass(&m, STREAMS, caches, capacity, positions, tokens, threads);
    puts("no fault");
    fflush(stdout);
    _Exit(0); /* the model is not freed, and leaks are not what the sanitizer looks for */
}
