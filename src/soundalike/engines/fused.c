/* One forward pass of a Llama model over a few tokens of several streams, on one core or on several.

   A pass has rows: (cache, position, token). Rows with the same cache are tokens of one stream, and the cache keeps the
   keys and values of all positions that the stream has read. So the rows of a pass may be one new token of each of many
   streams, a whole prompt, or both at once. All products are computed by tiles: some rows of numbers times one panel of
   PANEL columns. Weights in fp16 are multiplied by fp32 and summed in fp32; weights in 8 bits are multiplied by
   integers and summed in 32-bit ones, exactly and several products an instruction: two with integers of 16 bits, four with
   integers of 8 bits, for which a processor needs VNNI. Weights are packed in panels once (`_pack` in
   fused_weights.py), and caches are written in panels, so that attention is two more such products.

   With several threads each computes some panels of every product, so that all of them together read the weights once
   per pass. OpenMP starts them where the compiler has it; else one thread computes everything.

   Formulas: Llama (arXiv 2302.13971), rotary position embedding in transformers' half-split layout (2104.09864),
   grouped-query attention (2305.13245), SwiGLU (2002.05202), RMSNorm (1910.07467). Needs a compiler with vector
   extensions and _Float16 (GCC 12, Clang 15), and little-endian memory. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __F16C__
#include <immintrin.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef __AVX512F__
#define LANES 16
#else
#define LANES 8
#endif
#define PANEL (2 * LANES)
#define ROWS_AT_ONCE 96 /* of a product: as integers they stay in a core's cache while panels pass by */

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef _Float16 half;
typedef half halves __attribute__((vector_size(2 * LANES)));
typedef int8_t byte;
typedef byte bytes __attribute__((vector_size(2 * LANES)));
typedef int16_t shorts __attribute__((vector_size(4 * LANES)));

/* A matrix (inputs, outputs): in fp16, packed as (outputs / PANEL, inputs, PANEL); or, where `scale` is not NULL, in
   8 bits from -127 to 127 (with VNNI from 1 to 255: 128 is added), packed as (outputs / PANEL, inputs / TOGETHER, PANEL,
   TOGETHER), each column multiplied by its entry of scale (outputs). */
typedef struct {
    const void *weight;
    const float *scale;
} matrix;

/* fused_library.py declares the same structures. */
typedef struct {
    int32_t vocab_size, padded_vocab_size, hidden_size, intermediate_size;
    int32_t num_layers, num_heads, num_kv_heads, head_dim, max_positions;
    float rms_norm_eps;
    const half *embedding;                          /* (vocab_size, hidden_size), not packed */
    const float *cos, *sin;                         /* (max_positions, head_dim / 2) */
    const matrix *lm_head;                          /* (hidden_size, padded_vocab_size) */
    const matrix *qkv_proj;                         /* per layer, (hidden_size, (heads + 2 kv_heads) head_dim) */
    const matrix *o_proj;                           /* per layer, (heads head_dim, hidden_size) */
    const matrix *gate_up_proj;                     /* per layer, (hidden_size, 2 intermediate_size) */
    const matrix *down_proj;                        /* per layer, (intermediate_size, hidden_size) */
    const float *const *input_norm, *const *mlp_norm; /* per layer, (hidden_size) */
    const float *final_norm;                        /* (hidden_size) */
} model;

int32_t panel(void) { return PANEL; }

/* GCC 12 compiles the general way into one conversion per number on x86, so the instructions are named there. */
static inline vec load_half(const half *p) {
#if defined __AVX512F__
    return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined __F16C__
    return (vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
#else
    halves h;
    memcpy(&h, p, sizeof h);
    return __builtin_convertvector(h, vec);
#endif
}

/* y[r][0..PANEL) = sum over i of x[r][i] * w[i][0..PANEL), for R rows; U partial sums run side by side to hide latency.
   Rows of x are x_stride numbers apart, rows of y are y_stride apart. */
#define HALF_TILE(R, U)                                                                                                \
    static void half_tile_##R(const half *w, size_t inputs, const float *x, size_t x_stride, float *y,                 \
                              size_t y_stride) {                                                                       \
        vec sum[(R) * (U)][2];                                                                                         \
        memset(sum, 0, sizeof sum);                                                                                    \
        size_t i = 0;                                                                                                  \
        for (; i + (U) <= inputs; i += (U))                                                                            \
            _Pragma("GCC unroll 8") for (size_t u = 0; u < (U); u++) {                                                 \
                vec left = load_half(w + (i + u) * PANEL), right = load_half(w + (i + u) * PANEL + LANES);             \
                _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                             \
                    sum[u * (R) + r][0] += x[r * x_stride + i + u] * left;                                             \
                    sum[u * (R) + r][1] += x[r * x_stride + i + u] * right;                                            \
                }                                                                                                      \
            }                                                                                                          \
        for (; i < inputs; i++)                                                                                        \
            _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                                 \
                sum[r][0] += x[r * x_stride + i] * load_half(w + i * PANEL);                                           \
                sum[r][1] += x[r * x_stride + i] * load_half(w + i * PANEL + LANES);                                   \
            }                                                                                                          \
        _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                                     \
            _Pragma("GCC unroll 8") for (size_t u = 1; u < (U); u++) {                                                 \
                sum[r][0] += sum[u * (R) + r][0];                                                                      \
                sum[r][1] += sum[u * (R) + r][1];                                                                      \
            }                                                                                                          \
            memcpy(y + r * y_stride, sum[r], sizeof sum[r]);                                                           \
        }                                                                                                              \
    }

HALF_TILE(1, 4)
HALF_TILE(2, 2)
HALF_TILE(3, 1)
HALF_TILE(4, 1)
HALF_TILE(5, 1)
HALF_TILE(6, 1)

/* The same for any number of rows. */
static void half_tile(const half *w, size_t inputs, const float *x, size_t x_stride, size_t rows, float *y,
                      size_t y_stride) {
    for (; rows >= 6; rows -= 6, x += 6 * x_stride, y += 6 * y_stride) half_tile_6(w, inputs, x, x_stride, y, y_stride);
    if (rows == 5) half_tile_5(w, inputs, x, x_stride, y, y_stride);
    else if (rows == 4) half_tile_4(w, inputs, x, x_stride, y, y_stride);
    else if (rows == 3) half_tile_3(w, inputs, x, x_stride, y, y_stride);
    else if (rows == 2) half_tile_2(w, inputs, x, x_stride, y, y_stride);
    else if (rows == 1) half_tile_1(w, inputs, x, x_stride, y, y_stride);
}

/* Rows of integers: number i of row r stands for scale[r * blocks + i / block] * x[r * inputs + i]. */
#if defined __AVX512VNNI__ && defined __AVX512F__
#define TOGETHER 4 /* inputs whose products one instruction adds */
typedef int8_t integer;
#define SMALLEST_BLOCK 16 /* every number of inputs is a multiple of it */
static size_t block_of(size_t inputs) { return inputs % 64 == 0 ? 64 : inputs % 32 == 0 ? 32 : SMALLEST_BLOCK; }
#else
#define TOGETHER 2
typedef int16_t integer;
#define SMALLEST_BLOCK PANEL /* a block is the whole row: no row has more of them than `allocate` counts */
static size_t block_of(size_t inputs) { return inputs; }
#endif
typedef struct {
    integer *x;    /* (rows, inputs) */
    float *scale;  /* (rows, blocks) */
    float *offset; /* (rows): 128 times the sum of a row's numbers, with VNNI */
} integers;

/* The same for weights in 8 bits and R rows of integers; y is what they stand for. The next panel is fetched meanwhile:
   it comes from memory, and the processor alone begins too late. */
#if TOGETHER == 4
/* The instruction wants weights without a sign, so they are kept with 128 added; q.offset takes that off again. */
#define BYTE_TILE(R)                                                                                                   \
    static void byte_tile_##R(const byte *w, const float *scale, size_t inputs, integers q, float *y,                  \
                              size_t y_stride) {                                                                       \
        size_t block = block_of(inputs), blocks = inputs / block;                                                      \
        vec total[R][2];                                                                                               \
        memset(total, 0, sizeof total);                                                                                \
        for (size_t b = 0; b < blocks; b++) {                                                                          \
            ints sum[R][2];                                                                                            \
            memset(sum, 0, sizeof sum);                                                                                \
            _Pragma("GCC unroll 4") for (size_t i = b * block; i < (b + 1) * block; i += 4) {                          \
                __builtin_prefetch(w + (inputs + i) * PANEL);                                                          \
                __builtin_prefetch(w + (inputs + i) * PANEL + 2 * PANEL);                                              \
                __m512i left = _mm512_loadu_si512(w + i * PANEL), right = _mm512_loadu_si512(w + (i + 2) * PANEL);     \
                _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                             \
                    int32_t four;                                                                                      \
                    memcpy(&four, q.x + r * inputs + i, sizeof four);                                                  \
                    __m512i x = _mm512_set1_epi32(four);                                                               \
                    sum[r][0] = (ints)_mm512_dpbusd_epi32((__m512i)sum[r][0], left, x);                                \
                    sum[r][1] = (ints)_mm512_dpbusd_epi32((__m512i)sum[r][1], right, x);                               \
                }                                                                                                      \
            }                                                                                                          \
            _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                                 \
                float of_block = q.scale[r * blocks + b];                                                              \
                total[r][0] += of_block * __builtin_convertvector(sum[r][0], vec);                                     \
                total[r][1] += of_block * __builtin_convertvector(sum[r][1], vec);                                     \
            }                                                                                                          \
        }                                                                                                              \
        vec of_columns[2];                                                                                             \
        memcpy(of_columns, scale, sizeof of_columns);                                                                  \
        _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                                     \
            vec left = total[r][0] - q.offset[r], right = total[r][1] - q.offset[r];                                   \
            vec scaled[2] = {left * of_columns[0], right * of_columns[1]};                                             \
            memcpy(y + r * y_stride, scaled, sizeof scaled);                                                           \
        }                                                                                                              \
    }
#else
/* LANES pairs of weights, as 16-bit integers. */
static inline shorts load_bytes(const byte *p) {
#if defined __AVX512BW__
    return (shorts)_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
#elif defined __AVX2__
    return (shorts)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
#else
    bytes b;
    memcpy(&b, p, sizeof b);
    return __builtin_convertvector(b, shorts);
#endif
}

/* sum[l] + x[0] * w[2 l] + x[1] * w[2 l + 1]: one instruction or two where the processor has it. */
static inline ints multiply_pairs(ints sum, const int16_t *x, shorts w) {
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
#if defined __AVX512BW__
    return sum + (ints)_mm512_madd_epi16(_mm512_set1_epi32(pair), (__m512i)w);
#elif defined __AVXVNNI__
    return (ints)_mm256_dpwssd_avx_epi32((__m256i)sum, _mm256_set1_epi32(pair), (__m256i)w);
#elif defined __AVX2__
    return sum + (ints)_mm256_madd_epi16(_mm256_set1_epi32(pair), (__m256i)w);
#else
    return sum + x[0] * ((ints)w << 16 >> 16) + x[1] * ((ints)w >> 16);
#endif
}

#define BYTE_TILE(R)                                                                                                   \
    static void byte_tile_##R(const byte *w, const float *scale, size_t inputs, integers q, float *y,                  \
                              size_t y_stride) {                                                                       \
        ints sum[R][2];                                                                                                \
        memset(sum, 0, sizeof sum);                                                                                    \
        _Pragma("GCC unroll 4") for (size_t i = 0; i < inputs; i += 2) {                                               \
            __builtin_prefetch(w + (inputs + i) * PANEL);                                                              \
            shorts left = load_bytes(w + i * PANEL), right = load_bytes(w + i * PANEL + PANEL);                        \
            _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                                 \
                sum[r][0] = multiply_pairs(sum[r][0], q.x + r * inputs + i, left);                                     \
                sum[r][1] = multiply_pairs(sum[r][1], q.x + r * inputs + i, right);                                    \
            }                                                                                                          \
        }                                                                                                              \
        vec of_columns[2];                                                                                             \
        memcpy(of_columns, scale, sizeof of_columns);                                                                  \
        _Pragma("GCC unroll 8") for (size_t r = 0; r < (R); r++) {                                                     \
            vec left = __builtin_convertvector(sum[r][0], vec), right = __builtin_convertvector(sum[r][1], vec);       \
            vec scaled[2] = {left * of_columns[0] * q.scale[r], right * of_columns[1] * q.scale[r]};                   \
            memcpy(y + r * y_stride, scaled, sizeof scaled);                                                           \
        }                                                                                                              \
    }
#endif

BYTE_TILE(1)
BYTE_TILE(2)
BYTE_TILE(3)
BYTE_TILE(4)
BYTE_TILE(5)
BYTE_TILE(6)

/* The same for any number of rows. */
static void byte_tile(const byte *w, const float *scale, size_t inputs, integers q, size_t rows, float *y,
                      size_t y_stride) {
    size_t blocks = inputs / block_of(inputs);
    for (; rows >= 6; rows -= 6, q.x += 6 * inputs, q.scale += 6 * blocks, q.offset += 6, y += 6 * y_stride)
        byte_tile_6(w, scale, inputs, q, y, y_stride);
    if (rows == 5) byte_tile_5(w, scale, inputs, q, y, y_stride);
    else if (rows == 4) byte_tile_4(w, scale, inputs, q, y, y_stride);
    else if (rows == 3) byte_tile_3(w, scale, inputs, q, y, y_stride);
    else if (rows == 2) byte_tile_2(w, scale, inputs, q, y, y_stride);
    else if (rows == 1) byte_tile_1(w, scale, inputs, q, y, y_stride);
}

int32_t together(void) { return TOGETHER; }

/* A row of numbers as integers with a scale for each block: of 8 bits with VNNI, else the finest whose sums do not
   overflow. */
static void quantize(const float *x, size_t inputs, integer *q, float *scale, float *offset) {
    size_t block = block_of(inputs);
#if TOGETHER == 4
    float most = 127;
#else
    float most = (float)(INT32_MAX / 127 / (int32_t)inputs);
    if (most > INT16_MAX) most = INT16_MAX;
#endif
    *offset = 0;
    for (size_t start = 0; start < inputs; start += block, scale++) {
        float largest = 0;
        int32_t sum = 0;
        for (size_t i = start; i < start + block; i++) largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
        float per_unit = largest > 1e-30f ? most / largest : 0;
        for (size_t i = start; i < start + block; i++) sum += q[i] = (integer)rintf(x[i] * per_unit);
        *scale = largest / most;
        *offset += 128 * *scale * (float)sum;
    }
}

/* One panel of y (rows, outputs) = x (rows, inputs) W, the columns from `column` on; 8-bit weights multiply q. */
static void matmul_panel(const matrix *w, size_t inputs, size_t outputs, const float *x, integers q, size_t rows,
                         float *y, size_t column) {
    size_t at = column * inputs;
    if (w->scale) byte_tile((const byte *)w->weight + at, w->scale + column, inputs, q, rows, y + column, outputs);
    else half_tile((const half *)w->weight + at, inputs, x, inputs, rows, y + column, outputs);
}

/* y (rows, outputs) = x (rows, inputs) W; `outputs` is a multiple of PANEL. `q` is scratch memory for as many rows. */
static void matmul(const matrix *w, size_t inputs, size_t outputs, const float *x, size_t rows, float *y, integers q,
                   int threads) {
    size_t blocks = inputs / block_of(inputs);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        if (w->scale) {
#pragma omp for
            for (size_t r = 0; r < rows; r++)
                quantize(x + r * inputs, inputs, q.x + r * inputs, q.scale + r * blocks, q.offset + r);
        }
        for (size_t r = 0; r < rows; r += ROWS_AT_ONCE) {
            size_t count = rows - r < ROWS_AT_ONCE ? rows - r : ROWS_AT_ONCE;
            integers of_rows = {q.x + r * inputs, q.scale + r * blocks, q.offset + r};
#pragma omp for nowait
            for (size_t column = 0; column < outputs; column += PANEL)
                matmul_panel(w, inputs, outputs, x + r * inputs, of_rows, count, y + r * outputs, column);
        }
    }
    (void)threads;
}

static size_t thread_number(void) {
#ifdef _OPENMP
    return (size_t)omp_get_thread_num();
#else
    return 0;
#endif
}

/* y (rows, size) = RMSNorm of each row of x (rows, size). */
static void rms_norm(const float *x, const float *weight, size_t rows, size_t size, float eps, float *y) {
    for (; rows; rows--, x += size, y += size) {
        float squares = 0;
        for (size_t i = 0; i < size; i++) squares += x[i] * x[i];
        float scale = 1 / sqrtf(squares / (float)size + eps);
        for (size_t i = 0; i < size; i++) y[i] = x[i] * scale * weight[i];
    }
}

/* Rotates one head (head_dim) in place; cos and sin (head_dim / 2) are those of its position. */
static void apply_rotary(float *x, size_t head_dim, const float *cos, const float *sin) {
    size_t n = head_dim / 2;
    for (size_t i = 0; i < n; i++) {
        float a = x[i], b = x[i + n];
        x[i] = a * cos[i] - b * sin[i];
        x[i + n] = b * cos[i] + a * sin[i];
    }
}

/* A stream's cache has a capacity in positions, a multiple of PANEL. It holds, for each layer and key-value head, keys
   (capacity / PANEL, head_dim, PANEL) and then values (head_dim / PANEL, capacity, PANEL). Both are capacity x head_dim
   numbers. */
static half *head_keys(const model *m, half *cache, size_t capacity, size_t layer, size_t kv_head) {
    return cache + 2 * capacity * (size_t)m->head_dim * (layer * (size_t)m->num_kv_heads + kv_head);
}

static void write_kv(const model *m, half *keys, size_t capacity, size_t position, const float *k, const float *v) {
    size_t head_dim = (size_t)m->head_dim;
    half *values = keys + capacity * head_dim;
    half *column = keys + position / PANEL * head_dim * PANEL + position % PANEL;
    for (size_t d = 0; d < head_dim; d++) {
        column[d * PANEL] = (half)k[d];
        values[(d / PANEL * capacity + position) * PANEL + d % PANEL] = (half)v[d];
    }
}

/* The largest number of x. Written with vectors because, without the assumption that no number is NaN, a compiler
   compares the numbers one by one. */
static float max_of(const float *x, size_t size) {
    vec largest;
    size_t i = 0;
    for (int lane = 0; lane < LANES; lane++) largest[lane] = x[0];
    for (; i + LANES <= size; i += LANES) {
        vec next;
        memcpy(&next, x + i, sizeof next);
        ints larger = next > largest;
        largest = (vec)(((ints)next & larger) | ((ints)largest & ~larger));
    }
    float max = largest[0];
    for (int lane = 1; lane < LANES; lane++) max = largest[lane] > max ? largest[lane] : max;
    for (; i < size; i++) max = x[i] > max ? x[i] : max;
    return max;
}

static void softmax(float *x, size_t size) {
    float max = max_of(x, size), softmax_sum = 0;
    for (size_t i = 0; i < size; i++) softmax_sum += x[i] = expf(x[i] - max);
    for (size_t i = 0; i < size; i++) x[i] /= softmax_sum;
}

static float log_sum_exp(const float *x, size_t size) {
    float max = max_of(x, size), sum = 0;
    for (size_t i = 0; i < size; i++) sum += expf(x[i] - max);
    return max + logf(sum);
}

/* Attention of the query heads that share one key-value head, as rows of one product.
   q and out (group, head_dim); scores, scratch memory, (group, max_positions). */
static void attention(const model *m, const half *keys, size_t capacity, size_t position, const float *q,
                      float *scores, float *out) {
    size_t group = (size_t)(m->num_heads / m->num_kv_heads), count = position + 1;
    size_t head_dim = (size_t)m->head_dim, max_positions = (size_t)m->max_positions;
    const half *values = keys + capacity * head_dim;
    for (size_t p = 0; p < count; p += PANEL)
        half_tile(keys + p * head_dim, head_dim, q, head_dim, group, scores + p, max_positions);
    for (size_t head = 0; head < group; head++) softmax(scores + head * max_positions, count);
    for (size_t d = 0; d < head_dim; d += PANEL)
        half_tile(values + d * capacity, count, scores, max_positions, group, out + d, head_dim);
}

/* Scratch memory of a pass. */
typedef struct {
    float *x;         /* (rows, hidden_size): the residual stream */
    float *hidden;    /* (rows, hidden_size): a normalized copy of x, or what is to be added to it */
    float *projected; /* (rows, the wider of qkv_proj's and gate_up_proj's outputs) */
    float *inner;     /* (rows, the wider of o_proj's and down_proj's inputs) */
    float *scores;    /* (threads, heads / kv_heads, max_positions) */
    integers q;       /* (rows, the widest input of a product) */
    int threads;
} buffers;

static size_t larger_of(size_t a, size_t b) { return a > b ? a : b; }

static size_t q_width(const model *m) { return (size_t)m->num_heads * (size_t)m->head_dim; }

static size_t qkv_width(const model *m) { return q_width(m) + 2 * (size_t)m->num_kv_heads * (size_t)m->head_dim; }

static size_t score_size(const model *m) {
    return (size_t)(m->num_heads / m->num_kv_heads) * (size_t)m->max_positions;
}

/* One block of memory for all buffers, which starts at `x`; `x` is NULL if there is not enough memory. */
static buffers allocate(const model *m, size_t rows, int threads) {
    size_t hidden_size = (size_t)m->hidden_size, intermediate_size = (size_t)m->intermediate_size;
    size_t projected = larger_of(qkv_width(m), 2 * intermediate_size), inner = larger_of(q_width(m), intermediate_size);
    size_t scores = (size_t)threads * score_size(m), widest = larger_of(hidden_size, inner);
    size_t scales = widest / SMALLEST_BLOCK + 1; /* of a row, and its offset */
    size_t numbers = rows * (2 * hidden_size + projected + inner + scales) + scores;
    buffers b = {.threads = threads, .x = malloc(numbers * sizeof *b.x + rows * widest * sizeof *b.q.x)};
    if (!b.x) return b;
    b.hidden = b.x + rows * hidden_size;
    b.projected = b.hidden + rows * hidden_size;
    b.inner = b.projected + rows * projected;
    b.scores = b.inner + rows * inner;
    b.q.offset = b.scores + scores;
    b.q.scale = b.q.offset + rows;
    b.q.x = (integer *)(b.q.scale + rows * (scales - 1));
    return b;
}

static void add(float *x, const float *y, size_t size) {
    for (size_t i = 0; i < size; i++) x[i] += y[i];
}

/* Rotates the queries and keys of a row, qkv (qkv_width), and writes its keys and values into its cache. */
static void rotate_and_store(const model *m, size_t layer, half *cache, size_t capacity, size_t position, float *qkv) {
    size_t head_dim = (size_t)m->head_dim, n_heads = (size_t)m->num_heads, n_kv_heads = (size_t)m->num_kv_heads;
    float *k = qkv + q_width(m), *v = k + n_kv_heads * head_dim, scale = 1 / sqrtf((float)head_dim);
    const float *cos = m->cos + position * (head_dim / 2), *sin = m->sin + position * (head_dim / 2);
    for (size_t head = 0; head < n_heads + n_kv_heads; head++) apply_rotary(qkv + head * head_dim, head_dim, cos, sin);
    for (size_t i = 0; i < q_width(m); i++) qkv[i] *= scale;
    for (size_t head = 0; head < n_kv_heads; head++)
        write_kv(m, head_keys(m, cache, capacity, layer, head), capacity, position, k + head * head_dim,
                 v + head * head_dim);
}

/* x += attention(norm(x)); writes the rows' keys and values into their caches. */
static void attention_block(const model *m, size_t layer, size_t rows, half *const *caches, const int32_t *capacities,
                            const int32_t *positions, buffers b) {
    size_t hidden_size = (size_t)m->hidden_size, n_kv_heads = (size_t)m->num_kv_heads;
    size_t group_width = q_width(m) / n_kv_heads;
    rms_norm(b.x, m->input_norm[layer], rows, hidden_size, m->rms_norm_eps, b.hidden);
    matmul(&m->qkv_proj[layer], hidden_size, qkv_width(m), b.hidden, rows, b.projected, b.q, b.threads);
#pragma omp parallel num_threads(b.threads) if (b.threads > 1)
    {
#pragma omp for
        for (size_t r = 0; r < rows; r++)
            rotate_and_store(m, layer, caches[r], (size_t)capacities[r], (size_t)positions[r],
                             b.projected + r * qkv_width(m));
#pragma omp for
        for (size_t both = 0; both < rows * n_kv_heads; both++) {
            size_t r = both / n_kv_heads, head = both % n_kv_heads, capacity = (size_t)capacities[r];
            attention(m, head_keys(m, caches[r], capacity, layer, head), capacity, (size_t)positions[r],
                      b.projected + r * qkv_width(m) + head * group_width, b.scores + thread_number() * score_size(m),
                      b.inner + r * q_width(m) + head * group_width);
        }
    }
    matmul(&m->o_proj[layer], q_width(m), hidden_size, b.inner, rows, b.hidden, b.q, b.threads);
    add(b.x, b.hidden, rows * hidden_size);
}

/* x += MLP(norm(x)). */
static void mlp_block(const model *m, size_t layer, size_t rows, buffers b) {
    size_t hidden_size = (size_t)m->hidden_size, intermediate_size = (size_t)m->intermediate_size;
    rms_norm(b.x, m->mlp_norm[layer], rows, hidden_size, m->rms_norm_eps, b.hidden);
    matmul(&m->gate_up_proj[layer], hidden_size, 2 * intermediate_size, b.hidden, rows, b.projected, b.q, b.threads);
#pragma omp parallel for num_threads(b.threads) if (b.threads > 1 && rows > 1)
    for (size_t r = 0; r < rows; r++) {
        const float *gate = b.projected + r * 2 * intermediate_size, *up = gate + intermediate_size;
        float *inner = b.inner + r * intermediate_size;
        for (size_t i = 0; i < intermediate_size; i++) inner[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
    }
    matmul(&m->down_proj[layer], intermediate_size, hidden_size, b.inner, rows, b.hidden, b.q, b.threads);
    add(b.x, b.hidden, rows * hidden_size);
}

/* Computes `n_rows` tokens at their positions; caches, their capacities, positions and tokens have n_rows entries. Rows
   of one stream must be in the order of their positions, and its cache must hold the keys and values of all positions
   before them. Writes the logits (n_wanted, padded_vocab_size) of the last n_wanted rows, and their log-sum-exp (n_wanted) over the
   first vocab_size columns, on n_threads threads. Returns 0, or 1 if memory ran out. */
int32_t forward(const model *m, int32_t n_rows, half *const *caches, const int32_t *capacities,
                const int32_t *positions, const int32_t *tokens, int32_t n_wanted, int32_t n_threads, float *logits,
                float *logsumexp) {
    size_t rows = (size_t)n_rows, wanted = (size_t)n_wanted;
    size_t hidden_size = (size_t)m->hidden_size, padded_vocab_size = (size_t)m->padded_vocab_size;
    buffers b = allocate(m, rows, n_threads);
    if (!b.x) return 1;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < hidden_size; i++)
            b.x[r * hidden_size + i] = (float)m->embedding[(size_t)tokens[r] * hidden_size + i];
    for (size_t layer = 0; layer < (size_t)m->num_layers; layer++) {
        attention_block(m, layer, rows, caches, capacities, positions, b);
        mlp_block(m, layer, rows, b);
    }
    rms_norm(b.x + (rows - wanted) * hidden_size, m->final_norm, wanted, hidden_size, m->rms_norm_eps, b.hidden);
    matmul(m->lm_head, hidden_size, padded_vocab_size, b.hidden, wanted, logits, b.q, n_threads);
#pragma omp parallel for num_threads(n_threads) if (n_threads > 1 && wanted > 1)
    for (size_t r = 0; r < wanted; r++)
        logsumexp[r] = log_sum_exp(logits + r * padded_vocab_size, (size_t)m->vocab_size);
    free(b.x);
    return 0;
}
