/* Runs fused.c on a random model, in memory of exactly the sizes that it needs, for a sanitizer to watch.
   Usage: drive_fused HEADS KV_HEADS HIDDEN_PANELS INNER_PANELS VOCABULARY REACH_PANELS */

#include "fused.c"

#include <stdio.h>

enum { LAYERS = 2, STREAMS = 4 };

static half *random_halves(size_t count) {
    half *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) numbers[i] = (half)((rand() % 2000 - 1000) / 5000.0f);
    return numbers;
}

static float *random_floats(size_t count) {
    float *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) numbers[i] = 0.5f + (float)(rand() % 1000) / 1000.0f;
    return numbers;
}

/* One pass over `count` rows, whose last STREAMS ask for logits; ends the program where a number is no number. */
static void pass(const model *m, int count, half **caches, const int32_t *positions, const int32_t *tokens) {
    float *logits = malloc(sizeof *logits * STREAMS * (size_t)m->columns), log_sums[STREAMS];
    if (forward(m, count, caches, positions, tokens, STREAMS, logits, log_sums)) exit(3);
    for (int s = 0; s < STREAMS; s++)
        if (!isfinite(log_sums[s])) exit(4);
    free(logits);
}

int main(int count, char **arguments) {
    if (count != 7) return 2;
    int heads = atoi(arguments[1]), kv_heads = atoi(arguments[2]), hidden = atoi(arguments[3]) * PANEL;
    int inner = atoi(arguments[4]) * PANEL, vocabulary = atoi(arguments[5]), reach = atoi(arguments[6]) * PANEL;
    int head_dim = PANEL, columns = (vocabulary + PANEL - 1) / PANEL * PANEL;
    size_t q_width = (size_t)heads * head_dim, qkv_width = q_width + (size_t)2 * kv_heads * head_dim;
    const half *qkv[LAYERS], *out[LAYERS], *gate_up[LAYERS], *down[LAYERS];
    const float *before_attention[LAYERS], *before_mlp[LAYERS];
    for (int layer = 0; layer < LAYERS; layer++) {
        qkv[layer] = random_halves(qkv_width * hidden);
        out[layer] = random_halves(q_width * hidden);
        gate_up[layer] = random_halves((size_t)2 * inner * hidden);
        down[layer] = random_halves((size_t)hidden * inner);
        before_attention[layer] = random_floats(hidden);
        before_mlp[layer] = random_floats(hidden);
    }
    model m = {
        .vocabulary = vocabulary, .columns = columns, .hidden = hidden, .inner = inner, .layers = LAYERS, .heads = heads,
        .kv_heads = kv_heads, .head_dim = head_dim, .reach = reach, .epsilon = 1e-5f,
        .embedding = random_halves((size_t)vocabulary * hidden), .cosines = random_floats((size_t)reach * head_dim / 2),
        .sines = random_floats((size_t)reach * head_dim / 2), .head = random_halves((size_t)columns * hidden),
        .qkv = qkv, .out = out, .gate_up = gate_up, .down = down, .before_attention = before_attention,
        .before_mlp = before_mlp, .before_head = random_floats(hidden),
    };
    half *caches[STREAMS];
    for (int s = 0; s < STREAMS; s++) caches[s] = malloc(sizeof(half) * 2 * LAYERS * kv_heads * (size_t)reach * head_dim);

    /* Prompts of several lengths in one pass, one as long as the cache allows; then a token each, to the last place. */
    int lengths[STREAMS] = {1, 5, reach - 1, PANEL / 2 + 1}, rows = 0;
    half **of = malloc(sizeof *of * STREAMS * (size_t)reach);
    int32_t *positions = malloc(sizeof *positions * STREAMS * (size_t)reach), *tokens = malloc(sizeof *tokens * STREAMS * (size_t)reach);
    for (int last = 0; last < 2; last++)
        for (int s = 0; s < STREAMS; s++)
            for (int at = last ? lengths[s] - 1 : 0; at < lengths[s] - 1 + last; at++) {
                of[rows] = caches[s];
                positions[rows] = at;
                tokens[rows++] = rand() % vocabulary;
            }
    pass(&m, rows, of, positions, tokens);
    for (int s = 0; s < STREAMS; s++) {
        positions[s] = lengths[s];
        tokens[s] = vocabulary - 1;
    }
    pass(&m, STREAMS, caches, positions, tokens);
    puts("no fault");
    fflush(stdout);
    _Exit(0); /* what the model holds is not given back: leaks are not what is looked for */
}
