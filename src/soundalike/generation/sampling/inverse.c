/* One draw for each of some rows of logits, without sorting any.

   Inverse transform sampling: a row's tokens lie side by side, each as wide as its probability at the row's temperature,
   and the token that lies under `share`, in [0, 1), is drawn. `above` is the mass, at temperature 1, of the likelier tokens
   and of the earlier ones among those as likely: a token is in the nucleus (Holtzman et al. 2019) where that is less than
   top-p. A token whose own mass is more than `enough` is in it in any case; `above` is 0 there. */

#include <math.h>
#include <stdint.h>

#define BLOCK 64
#define LOWEST -80.0f /* nats: what is less likely than this is impossible */

/* p[i] = exp((x[i] - origin) * scale) of up to a block of numbers. Three loops, because of one loop the compiler would make
   calls on -INFINITY, which the vector form of expf answers one number at a time. */
static void probabilities(const float *x, int size, float origin, float scale, float *p) {
    for (int i = 0; i < size; i++) {
        float power = (x[i] - origin) * scale;
        p[i] = power > LOWEST ? power : LOWEST;
    }
    for (int i = 0; i < size; i++) p[i] = expf(p[i]);
    for (int i = 0; i < size; i++) p[i] = (x[i] - origin) * scale < LOWEST ? 0 : p[i];
}

static float block_mass(const float *x, int size, float peak, float scale) {
    float p[BLOCK], sum = 0;
    probabilities(x, size, peak, scale, p);
    for (int i = 0; i < size; i++) sum += p[i];
    return sum;
}

static int block_size(int size, int from) { return from + BLOCK < size ? BLOCK : size - from; }

/* `sums` has room for one number a block; the last block may be short. */
static int32_t token_under(const float *x, int size, float peak, float scale, double share, float *sums) {
    int blocks = (size + BLOCK - 1) / BLOCK, block = 0, at = 0;
    double total = 0;
    for (int b = 0; b < blocks; b++) total += sums[b] = block_mass(x + b * BLOCK, block_size(size, b * BLOCK), peak, scale);
    double left = share * total;
    for (; block + 1 < blocks && left >= sums[block]; block++) left -= sums[block];
    float p[BLOCK];
    int last = block_size(size, block * BLOCK) - 1;
    probabilities(x + block * BLOCK, last + 1, peak, scale, p);
    for (; at < last && left >= p[at]; at++) left -= p[at];
    return block * BLOCK + at;
}

static float block_mass_above(const float *x, int size, float own, float log_sum) {
    float p[BLOCK], sum = 0;
    probabilities(x, size, log_sum, 1, p);
    for (int i = 0; i < size; i++) sum += x[i] > own ? p[i] : 0;
    return sum;
}

/* Sums of a block in fp32, of all blocks in fp64: one long fp32 sum of 8,192 numbers is off by 1e-6. */
static float mass_above(const float *x, int size, int32_t token, float log_sum) {
    float own = x[token], p;
    double sum = 0;
    int ties = 0;
    for (int b = 0; b < size; b += BLOCK) sum += block_mass_above(x + b, block_size(size, b), own, log_sum);
    for (int i = 0; i < token; i++) ties += x[i] == own;
    probabilities(&own, 1, log_sum, 1, &p);
    return (float)(sum + (double)ties * p);
}

/* Row r begins at logits[r * step]; `sums` has room for one row's blocks. */
void sample_rows(int32_t rows, int32_t size, int64_t step, const float *logits, const float *peaks, const float *masses,
           const float *temperatures, const float *enough, const double *shares, float *sums, int64_t *tokens,
           float *above) {
    for (int r = 0; r < rows; r++) {
        const float *x = logits + r * step;
        int32_t token = token_under(x, size, peaks[r], 1 / temperatures[r], shares[r], sums);
        tokens[r] = token;
        above[r] = expf(x[token] - masses[r]) > enough[r] ? 0 : mass_above(x, size, token, masses[r]);
    }
}
