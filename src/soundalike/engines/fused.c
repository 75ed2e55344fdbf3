/* One forward pass of a Llama-shaped model over a few tokens of several streams, on one core.

   A pass takes rows: (cache, position, token). Rows of one cache are one stream's tokens; keys and values of every
   position that a stream has read stay in its cache, so the rows of a pass may be one new token of each of many
   streams, a whole prompt, or both at once. Everything is one product, `tile`: some rows of fp32 numbers times a
   panel of PANEL columns of fp16 numbers, summed in fp32. Weights are packed in panels once; a cache is written in
   panels too, so that attention is two more such products.

   Formulas: Llama (arXiv 2302.13971), rotary positions in transformers' half-split layout (2104.09864),
   grouped-query attention (2305.13245), SwiGLU (2002.05202). Needs a compiler with vector extensions and _Float16:
   GCC 12 or Clang 15, and little-endian memory. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __F16C__
#include <immintrin.h>
#endif

#ifdef __AVX512F__
#define LANES 16
#else
#define LANES 8
#endif
#define PANEL (2 * LANES)

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef _Float16 half;
typedef half halves __attribute__((vector_size(2 * LANES)));

typedef struct {
    int32_t vocabulary, columns, hidden, inner, layers, heads, kv_heads, head_dim, reach; /* columns: whole panels */
    float epsilon;
    const half *embedding;              /* (vocabulary, hidden) */
    const float *cosines, *sines;       /* (reach, head_dim / 2) */
    const half *head;                   /* packed, as are the following, one pointer a layer */
    const half *const *qkv, *const *out, *const *gate_up, *const *down;
    const float *const *before_attention, *const *before_mlp; /* the norms' scales, one pointer a layer */
    const float *before_head;
} model;

int32_t panel(void) { return PANEL; }

/* GCC 12 turns the general way into one conversion a number on x86, so the instruction is named there. */
static inline vec load(const half *at) {
#if defined __AVX512F__
    return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)at));
#elif defined __F16C__
    return (vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at));
#else
    halves h;
    memcpy(&h, at, sizeof h);
    return __builtin_convertvector(h, vec);
#endif
}

/* y[r][0..PANEL) = sum over i of x[r][i] * w[i][0..PANEL), for R rows; U sums run side by side to hide latency. */
#define TILE(R, U)                                                                                                     \
    static void tile_##R(const half *w, int inputs, const float *x, int x_step, float *y, int y_step) {                \
        vec sum[(R) * (U)][2];                                                                                         \
        memset(sum, 0, sizeof sum);                                                                                    \
        int i = 0;                                                                                                     \
        for (; i + (U) <= inputs; i += (U))                                                                            \
            _Pragma("GCC unroll 8") for (int u = 0; u < (U); u++) {                                                    \
                vec left = load(w + (i + u) * PANEL), right = load(w + (i + u) * PANEL + LANES);                       \
                _Pragma("GCC unroll 8") for (int r = 0; r < (R); r++) {                                                \
                    sum[u * (R) + r][0] += x[r * x_step + i + u] * left;                                               \
                    sum[u * (R) + r][1] += x[r * x_step + i + u] * right;                                              \
                }                                                                                                      \
            }                                                                                                          \
        for (; i < inputs; i++)                                                                                        \
            _Pragma("GCC unroll 8") for (int r = 0; r < (R); r++) {                                                    \
                sum[r][0] += x[r * x_step + i] * load(w + i * PANEL);                                                  \
                sum[r][1] += x[r * x_step + i] * load(w + i * PANEL + LANES);                                          \
            }                                                                                                          \
        _Pragma("GCC unroll 8") for (int r = 0; r < (R); r++) {                                                        \
            _Pragma("GCC unroll 8") for (int u = 1; u < (U); u++) {                                                    \
                sum[r][0] += sum[u * (R) + r][0];                                                                      \
                sum[r][1] += sum[u * (R) + r][1];                                                                      \
            }                                                                                                          \
            memcpy(y + r * y_step, sum[r], sizeof sum[r]);                                                             \
        }                                                                                                              \
    }

TILE(1, 4)
TILE(2, 2)
TILE(3, 1)
TILE(4, 1)
TILE(5, 1)
TILE(6, 1)

static void tile(const half *w, int inputs, const float *x, int x_step, int rows, float *y, int y_step) {
    for (; rows >= 6; rows -= 6, x += 6 * x_step, y += 6 * y_step) tile_6(w, inputs, x, x_step, y, y_step);
    if (rows == 5) tile_5(w, inputs, x, x_step, y, y_step);
    else if (rows == 4) tile_4(w, inputs, x, x_step, y, y_step);
    else if (rows == 3) tile_3(w, inputs, x, x_step, y, y_step);
    else if (rows == 2) tile_2(w, inputs, x, x_step, y, y_step);
    else if (rows == 1) tile_1(w, inputs, x, x_step, y, y_step);
}

/* y (rows, outputs) = x (rows, inputs) W^T; `outputs` is a whole number of panels. */
static void matmul(const half *w, int inputs, int outputs, const float *x, int rows, float *y) {
    for (int at = 0; at < outputs; at += PANEL) tile(w + (size_t)at * inputs, inputs, x, inputs, rows, y + at, outputs);
}

/* RMSNorm (arXiv 1910.07467). */
static void rms_norm(const float *x, const float *scales, int size, float epsilon, float *y) {
    float squares = 0;
    for (int i = 0; i < size; i++) squares += x[i] * x[i];
    float scale = 1 / sqrtf(squares / size + epsilon);
    for (int i = 0; i < size; i++) y[i] = x[i] * scale * scales[i];
}

static void apply_rotary(float *x, int head_dim, const float *cosines, const float *sines) {
    int n = head_dim / 2;
    for (int i = 0; i < n; i++) {
        float a = x[i], b = x[i + n];
        x[i] = a * cosines[i] - b * sines[i];
        x[i + n] = b * cosines[i] + a * sines[i];
    }
}

/* A stream's cache, by layer and key-value head: keys (reach / PANEL, head_dim, PANEL), then values
   (head_dim / PANEL, reach, PANEL). */
static size_t side(const model *m) { return (size_t)m->reach * m->head_dim; }

static half *keys_at(const model *m, half *cache, int layer, int head) {
    return cache + 2 * side(m) * (layer * m->kv_heads + head);
}

static void write_kv(const model *m, half *keys, int position, const float *k, const float *v) {
    half *values = keys + side(m), *column = keys + (size_t)(position / PANEL) * m->head_dim * PANEL + position % PANEL;
    for (int d = 0; d < m->head_dim; d++) {
        column[d * PANEL] = (half)k[d];
        values[((size_t)(d / PANEL) * m->reach + position) * PANEL + d % PANEL] = (half)v[d];
    }
}

/* The largest number. By vectors, because without the assumption that no number is NaN a compiler compares one by one. */
static float max_of(const float *x, int size) {
    vec most;
    int i = 0;
    for (int lane = 0; lane < LANES; lane++) most[lane] = x[0];
    for (; i + LANES <= size; i += LANES) {
        vec here;
        memcpy(&here, x + i, sizeof here);
        ints larger = here > most;
        most = (vec)(((ints)here & larger) | ((ints)most & ~larger));
    }
    float peak = most[0];
    for (int lane = 1; lane < LANES; lane++) peak = most[lane] > peak ? most[lane] : peak;
    for (; i < size; i++) peak = x[i] > peak ? x[i] : peak;
    return peak;
}

/* The heads that share a key are the rows of one product. `scores` holds (group, reach). */
static void attention(const model *m, const half *keys, int position, const float *q, float *scores, float *out) {
    int group = m->heads / m->kv_heads, count = position + 1, d = m->head_dim;
    for (int at = 0; at < count; at += PANEL) tile(keys + (size_t)at * d, d, q, d, group, scores + at, m->reach);
    for (int h = 0; h < group; h++) {
        float *row = scores + (size_t)h * m->reach, peak = max_of(row, count), softmax_sum = 0;
        for (int p = 0; p < count; p++) softmax_sum += row[p] = expf(row[p] - peak);
        for (int p = 0; p < count; p++) row[p] /= softmax_sum;
    }
    const half *values = keys + side(m);
    for (int at = 0; at < d; at += PANEL) tile(values + (size_t)at * m->reach, count, scores, m->reach, group, out + at, d);
}

/* The logarithm of the sum of all exponentials. */
static float log_sum_exp(const float *x, int size) {
    float peak = max_of(x, size), total = 0;
    for (int i = 0; i < size; i++) total += expf(x[i] - peak);
    return peak + logf(total);
}

/* Writes logits (wanted, columns of the head) after the last `wanted` rows, and into `log_sums` (wanted) the logarithm of
   the sum of exponentials of each row's first `vocabulary` columns. Returns 1 where memory ran out, else 0. The rows of a
   stream stand in the order of their positions; the keys and values of positions before them must be in its cache. */
int32_t forward(const model *m, int32_t rows, half *const *caches, const int32_t *positions, const int32_t *tokens,
                int32_t wanted, float *logits, float *log_sums) {
    int h = m->hidden, d = m->head_dim, q_width = m->heads * d, qkv_width = q_width + 2 * m->kv_heads * d;
    int wide = qkv_width > 2 * m->inner ? qkv_width : 2 * m->inner, deep = q_width > m->inner ? q_width : m->inner;
    int group = m->heads / m->kv_heads;
    size_t sizes = (size_t)rows * (2 * h + wide + deep) + (size_t)group * m->reach;
    float *x = malloc(sizes * sizeof *x);
    if (!x) return 1;
    float *y = x + (size_t)rows * h, *broad = y + (size_t)rows * h;
    float *inner = broad + (size_t)rows * wide, *scores = inner + (size_t)rows * deep;
    float root = 1 / sqrtf((float)d);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < h; i++) x[r * h + i] = (float)m->embedding[(size_t)tokens[r] * h + i];
    for (int layer = 0; layer < m->layers; layer++) {
        for (int r = 0; r < rows; r++) rms_norm(x + r * h, m->before_attention[layer], h, m->epsilon, y + r * h);
        matmul(m->qkv[layer], h, qkv_width, y, rows, broad);
        for (int r = 0; r < rows; r++) {
            float *q = broad + r * qkv_width, *k = q + q_width, *v = k + m->kv_heads * d;
            const float *c = m->cosines + positions[r] * (d / 2), *s = m->sines + positions[r] * (d / 2);
            for (int head = 0; head < m->heads + m->kv_heads; head++) apply_rotary(q + head * d, d, c, s);
            for (int i = 0; i < q_width; i++) q[i] *= root;
            for (int head = 0; head < m->kv_heads; head++)
                write_kv(m, keys_at(m, caches[r], layer, head), positions[r], k + head * d, v + head * d);
        }
        for (int r = 0; r < rows; r++)
            for (int head = 0; head < m->kv_heads; head++)
                attention(m, keys_at(m, caches[r], layer, head), positions[r],
                       broad + r * qkv_width + head * group * d, scores, inner + r * q_width + head * group * d);
        matmul(m->out[layer], q_width, h, inner, rows, y);
        for (int i = 0; i < rows * h; i++) x[i] += y[i];
        for (int r = 0; r < rows; r++) rms_norm(x + r * h, m->before_mlp[layer], h, m->epsilon, y + r * h);
        matmul(m->gate_up[layer], h, 2 * m->inner, y, rows, broad);
        for (int r = 0; r < rows; r++) {
            const float *gate = broad + r * 2 * m->inner, *up = gate + m->inner;
            for (int i = 0; i < m->inner; i++) inner[r * m->inner + i] = gate[i] / (1 + expf(-gate[i])) * up[i];
        }
        matmul(m->down[layer], m->inner, h, inner, rows, y);
        for (int i = 0; i < rows * h; i++) x[i] += y[i];
    }
    for (int r = 0; r < wanted; r++) rms_norm(x + (rows - wanted + r) * h, m->before_head, h, m->epsilon, y + r * h);
    matmul(m->head, h, m->columns, y, wanted, logits);
    for (int r = 0; r < wanted; r++) log_sums[r] = log_sum_exp(logits + (size_t)r * m->columns, m->vocabulary);
    free(x);
    return 0;
}
