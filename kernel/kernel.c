/* Training in plain C. Twins: none: python/twinprop/kernel.py and r/kernel.R call this one file.

   Section 19 of docs/contract.md, operation for operation: the same bits as the loops of Python, R
   and JavaScript in portable arithmetic. Sums start at +0 and run first to last.

   Arrays inside are unit-major: the m samples of a block lie together, unit k's sample i at
   [k*m + i]; so loops over samples vectorise though each sample's sums keep their order, and with
   one sample an array is simply its units. Arrays from outside are as the caller has them: one
   row per sample; parameters are all weights, layer by layer, row by row, then all biases.

   It prints nothing, keeps nothing from call to call, and trusts its arguments: the callers check
   them. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No operation may be fused with the next, nor be computed in more digits. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("O3", "fp-contract=off", "no-math-errno", "no-trapping-math")
#endif
#if defined(__FAST_MATH__) || (defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0)
#error "twinprop's kernel needs IEEE 754 double arithmetic"
#endif

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT
#endif

/* The codes of names, in the order of Python's and R's tables, and the places of settings. */
enum { SIGMOID, TANH, RELU, LEAKY_RELU, SOFTPLUS, IDENTITY, SOFTMAX };
enum { HALF_MSE, HALF_SSE, MSE, CROSS_ENTROPY };
enum { GRADIENT, TRANSPOSE, PROPORTIONAL, PROPORTIONAL_ABS };
enum { SGD, RMSPROP, ADAM, RPROP };
enum { ROWS, BATCH_SIZE, LAYERS, COST, RULE, OUTPUT_FIRST, OPTIMIZER, SHUFFLED, WEIGHTED, START,
       UPDATES };
enum { WEIGHT_DECAY, CLIP_NORM, MADE, MOMENTUM, NESTEROV, ALPHA, EPS, BETA1, BETA2, SHRINK, GROW,
       SMALLEST, LARGEST };
enum { OK, NOT_FINITE, VANISHED, NO_MEMORY };
enum { CODE, EPOCH, LAYER, NEURON, EPOCHS_DONE, UPDATES_DONE };

/* A batch is worked through in blocks of so many samples, which stay in the cache. */
enum { BLOCK = 64 };

typedef struct {
    int inputs, units, activation;
    double *w, *b;           /* into the parameters */
    double *grad_w, *grad_b; /* into the gradient */
    double *z, *a;           /* of a block */
    double *mask, *out;      /* out: what the next layer is fed with; a, or with a mask a * mask */
    double rate;             /* of dropout */
} Layer;

typedef struct {
    const int *settings;
    const double *numbers;
    int n_layers;                     /* beside the input: L - 1 */
    Layer *layers;                    /* 2..L */
    size_t n_parameters, n_weights;
    double *parameters, *gradient;
    double *state_1, *state_2;        /* what the optimiser remembers of each parameter */
    double *x, *d, *weight;           /* a block's inputs, targets and weights of samples */
    double *e, *previous_e, *g;       /* a block's errors, for the largest layer */
    double *delta, *shares;           /* s * g, times the weights of samples; W / D */
    double *costs, *log_sums;         /* of samples */
    double scale;                     /* s */
    double rate, mean_by, square_by;  /* learning rate; adam's eta/(1-b1^t) and sqrt(1-b2^t) */
    double **memory;                  /* all that drop() frees */
    int taken, out_of_memory;
} Net;

/* ---- exp, log, tanh ------------------------------------------------------------------------- */

static const double MAGIC = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer */
static const double INV_LN2 = 1.44269504088896338700e+00;
static const double LN2_HI = 6.93147180369123816490e-01, LN2_LO = 1.90821492927058770002e-10;

/* 2^k of an integer k from -1022 to 1023: k + MAGIC ends in k's bits, which become the exponent. */
static inline double power_of_2(double k)
{
    double y = (k + 1023.0) + MAGIC;
    unsigned long long bits;
    memcpy(&bits, &y, sizeof bits);
    bits <<= 52;
    memcpy(&y, &bits, sizeof bits);
    return y;
}

/* exp(r) - 1 of x = k log 2 + r, and k. */
static inline double reduced_expm1(double x, double *k)
{
    const double P1 = 1.66666666666666019037e-01, P2 = -2.77777777770155933842e-03,
                 P3 = 6.61375632143793436117e-05, P4 = -1.65339022054652515390e-06,
                 P5 = 4.13813679705723846039e-08;
    *k = (x * INV_LN2 + MAGIC) - MAGIC;
    double hi = x - *k * LN2_HI, lo = *k * LN2_LO, r = hi - lo, t = r * r;
    double c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
    return hi - (lo - (r * c) / (2.0 - c));
}

static inline double exponential(double x)
{
    double k;
    x = x > 710.0 ? 710.0 : x;
    x = x < -746.0 ? -746.0 : x;
    double p = reduced_expm1(x, &k);
    double k1 = (k * 0.5 + MAGIC) - MAGIC; /* in two steps, since 2^k alone may be no double */
    return ((1.0 + p) * power_of_2(k1)) * power_of_2(k - k1);
}

/* exp(x) - 1 for x <= 0; below -700 it is -1, whatever the tiny 2^k. */
static inline double expm1_negative(double x)
{
    double k;
    x = x < -700.0 ? -700.0 : x;
    double p = reduced_expm1(x, &k), y = power_of_2(k);
    return y * p + (y - 1.0);
}

/* log(2^k m) for sqrt(1/2) <= m < sqrt(2). */
static inline double log_of(double m, double k)
{
    const double L1 = 6.666666666666735130e-01, L2 = 3.999999999940941908e-01,
                 L3 = 2.857142874366239149e-01, L4 = 2.222219843214978396e-01,
                 L5 = 1.818357216161805012e-01, L6 = 1.531383769920937332e-01,
                 L7 = 1.479819860511658591e-01;
    double f = m - 1.0, s = f / (2.0 + f), z = s * s, w = z * z;
    double t1 = w * (L2 + w * (L4 + w * L6));
    double t2 = z * (L1 + w * (L3 + w * (L5 + w * L7)));
    double R = t2 + t1, h = (0.5 * f) * f;
    return k * LN2_HI - ((h - (s * (h + R) + k * LN2_LO)) - f);
}

static const double SQRT2 = 1.4142135623730951;

/* log(x) for x >= 1, the only one that the costs need. */
static double logarithm(double x)
{
    double k = 0.0;
    if (!(x - x == 0.0)) return x;
    for (; x >= 2.0; k += 1.0) x *= 0.5;
    return x >= SQRT2 ? log_of(x * 0.5, k + 1.0) : log_of(x, k);
}

/* log(1 + u) for 0 <= u <= 1. */
static inline double log1p01(double u)
{
    double w = 1.0 + u, k = w >= SQRT2 ? 1.0 : 0.0;
    return log_of(w >= SQRT2 ? w * 0.5 : w, k) - ((w - 1.0) - u) / w;
}

static inline double positive(double z) { return z > 0.0 ? z : 0.0; }
static inline double sigmoid(double z) { return 1.0 / (1.0 + exponential(0.0 - z)); }
static inline double log_term(double z) { return log1p01(exponential(0.0 - fabs(z))); }

static inline double tangent(double z) /* tanh */
{
    double E = expm1_negative(-2.0 * fabs(z)), u = (0.0 - E) / (2.0 + E);
    return z >= 0.0 ? u : -u;
}

/* ---- sums of products ----------------------------------------------------------------------- */

/* out = out + s v, the step of every sum that is vectorised over what it isn't summed over. */
static inline void add_scaled(size_t n, double s, const double *restrict v, double *restrict out)
{
    for (size_t i = 0; i < n; i++) out[i] += s * v[i];
}

static void clear(size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) out[i] = 0.0;
}

/* z_k = S_j(W_kj a_j) + b_k. */
static void weighted_sums(const Layer *layer, const double *a, size_t m)
{
    const double *w = layer->w;
    size_t inputs = layer->inputs;
    for (int k = 0; k < layer->units; k++, w += inputs) {
        double *z = layer->z + k * m, b = layer->b[k];
        if (m == 1) {
            double sum = 0.0;
            for (size_t j = 0; j < inputs; j++) sum += w[j] * a[j];
            *z = sum + b;
            continue;
        }
        clear(m, z);
        for (size_t j = 0; j < inputs; j++) add_scaled(m, w[j], a + j * m, z);
        for (size_t i = 0; i < m; i++) z[i] += b;
    }
}

/* e_j = S_k(w_kj v_k), w the weights or the shares of a layer. */
static void send_back(const Layer *layer, const double *w, const double *v, double *e, size_t m)
{
    size_t inputs = layer->inputs, units = layer->units;
    clear(inputs * m, e);
    if (m == 1)
        for (size_t k = 0; k < units; k++) add_scaled(inputs, v[k], w + k * inputs, e);
    else
        for (size_t j = 0; j < inputs; j++)
            for (size_t k = 0; k < units; k++) add_scaled(m, w[k * inputs + j], v + k * m, e + j * m);
}

static double dot(size_t n, const double *u, const double *v, double sum)
{
    for (size_t i = 0; i < n; i++) sum += u[i] * v[i];
    return sum;
}

static double sum_of(size_t n, const double *v, double sum)
{
    for (size_t i = 0; i < n; i++) sum += v[i];
    return sum;
}

/* grad W_kj and grad b_k go on with their sums over the samples: + S_i(delta_ik a_ij). */
static void add_gradients(const Layer *layer, const double *delta, const double *a, size_t m)
{
    size_t inputs = layer->inputs;
    for (int k = 0; k < layer->units; k++, delta += m) {
        double *grad = layer->grad_w + k * inputs;
        if (m == 1) {
            add_scaled(inputs, *delta, a, grad);
        } else {
            size_t j = 0;
            for (; j + 4 <= inputs; j += 4) { /* four sums at once, since each waits for itself */
                const double *a0 = a + j * m, *a1 = a0 + m, *a2 = a1 + m, *a3 = a2 + m;
                double s0 = grad[j], s1 = grad[j + 1], s2 = grad[j + 2], s3 = grad[j + 3];
                for (size_t i = 0; i < m; i++) {
                    s0 += delta[i] * a0[i];
                    s1 += delta[i] * a1[i];
                    s2 += delta[i] * a2[i];
                    s3 += delta[i] * a3[i];
                }
                grad[j] = s0;
                grad[j + 1] = s1;
                grad[j + 2] = s2;
                grad[j + 3] = s3;
            }
            for (; j < inputs; j++) grad[j] = dot(m, delta, a + j * m, grad[j]);
        }
        layer->grad_b[k] = sum_of(m, delta, layer->grad_b[k]);
    }
}

/* ---- activations and costs ------------------------------------------------------------------ */

/* a_k = exp(z_k - M) / S_k(exp(z_k - M)), M the largest z, sample by sample; log of the sum out. */
static double softmax(int units, size_t m, const double *z, double *a)
{
    double largest = z[0], sum = 0.0;
    for (int k = 1; k < units; k++) largest = z[k * m] > largest ? z[k * m] : largest;
    for (int k = 0; k < units; k++) sum += a[k * m] = exponential(z[k * m] - largest);
    for (int k = 0; k < units; k++) a[k * m] /= sum;
    return largest + logarithm(sum);
}

/* a = f(z) and f'(z), but for softmax. */
static inline double value_of(int activation, double z)
{
    switch (activation) {
    case SIGMOID: return sigmoid(z);
    case TANH: return tangent(z);
    case RELU: return z <= 0.0 ? 0.0 : z;
    case LEAKY_RELU: return z > 0.0 ? z : 0.01 * z;
    case SOFTPLUS: return positive(z) + log_term(z);
    default: return z;
    }
}

static inline double slope_of(int activation, double z, double a)
{
    switch (activation) {
    case SIGMOID: return a * (1.0 - a);
    case TANH: return 1.0 - a * a;
    case RELU: return z > 0.0 ? 1.0 : 0.0;
    case LEAKY_RELU: return z > 0.0 ? 1.0 : 0.01;
    case SOFTPLUS: return sigmoid(z);
    default: return 1.0;
    }
}

/* The same for arrays: a loop for each name, so that it vectorises. g = f'(z) e. */
static void activate(int activation, size_t n, const double *restrict z, double *restrict a)
{
#define EACH(name) case name: for (size_t i = 0; i < n; i++) a[i] = value_of(name, z[i]); break
    switch (activation) { EACH(SIGMOID); EACH(TANH); EACH(RELU); EACH(LEAKY_RELU); EACH(SOFTPLUS);
    default: memcpy(a, z, n * sizeof *a);
    }
#undef EACH
}

static void derive(int activation, size_t n, const double *restrict z, const double *restrict a,
                   const double *restrict e, double *restrict g)
{
#define EACH(name) \
    case name: for (size_t i = 0; i < n; i++) g[i] = slope_of(name, z[i], a[i]) * e[i]; break
    switch (activation) { EACH(SIGMOID); EACH(TANH); EACH(RELU); EACH(LEAKY_RELU); EACH(SOFTPLUS);
    default: memcpy(g, e, n * sizeof *g);
    }
#undef EACH
}

/* Forward through all layers, masked where a layer has dropout. Softmax outputs also
   leave each sample's log of the sum of exp(z), which its cost needs. */
static void forward(Net *net, size_t m, int masked)
{
    const double *fed = net->x;
    for (int l = 0; l < net->n_layers; l++) {
        Layer *layer = net->layers + l;
        size_t n = layer->units * m;
        weighted_sums(layer, fed, m);
        if (layer->activation == SOFTMAX)
            for (size_t i = 0; i < m; i++)
                net->log_sums[i] = softmax(layer->units, m, layer->z + i, layer->a + i);
        else
            activate(layer->activation, n, layer->z, layer->a);
        if (masked && layer->rate > 0.0)
            for (size_t i = 0; i < n; i++) layer->out[i] = layer->a[i] * layer->mask[i];
        fed = masked ? layer->out : layer->a;
    }
}

/* What a squared cost's sum of squares is divided by. */
static double cost_divisor(const Net *net)
{
    int cost = net->settings[COST], units = net->layers[net->n_layers - 1].units;
    return cost == HALF_MSE ? 2.0 * units : cost == HALF_SSE ? 2.0 : units;
}

/* The costs of a block's samples, after forward, times their weights; + their sum. */
static double add_costs(Net *net, size_t m, double sum)
{
    const Layer *last = net->layers + net->n_layers - 1;
    const double *z = last->z, *a = last->a, *d = net->d;
    double *c = net->costs, *log_sum = net->log_sums, *t = net->delta;
    int cost = net->settings[COST], units = last->units;
    double divisor = cost_divisor(net);
    clear(m, c);
    for (int k = 0; k < units; k++, z += m, a += m, d += m) {
        if (cost != CROSS_ENTROPY)
            for (size_t i = 0; i < m; i++) t[i] = (a[i] - d[i]) * (a[i] - d[i]);
        else if (last->activation == SOFTMAX)
            for (size_t i = 0; i < m; i++) t[i] = d[i] * (log_sum[i] - z[i]);
        else
            for (size_t i = 0; i < m; i++) t[i] = (positive(z[i]) - d[i] * z[i]) + log_term(z[i]);
        for (size_t i = 0; i < m; i++) c[i] += t[i];
    }
    if (cost != CROSS_ENTROPY)
        for (size_t i = 0; i < m; i++) c[i] /= divisor;
    if (net->settings[WEIGHTED])
        for (size_t i = 0; i < m; i++) c[i] *= net->weight[i];
    return sum_of(m, c, sum);
}

/* P = weight_decay/2 S(W^2). */
static double penalty(const Net *net)
{
    double decay = net->numbers[WEIGHT_DECAY];
    return decay == 0.0 ? 0.0 : (0.5 * decay) * dot(net->n_weights, net->parameters,
                                                    net->parameters, 0.0);
}

/* ---- optimisers ----------------------------------------------------------------------------- */

/* r = b^t by squaring. */
static double power(double b, double t)
{
    double r = 1.0;
    for (long long left = (long long)t; left > 0; left /= 2, b *= b)
        if (left % 2) r *= b;
    return r;
}

/* The numbers of update t that all parameters share. */
static void start_update(Net *net, double t)
{
    if (net->settings[OPTIMIZER] != ADAM) return;
    net->mean_by = net->rate / (1.0 - power(net->numbers[BETA1], t));
    net->square_by = sqrt(1.0 - power(net->numbers[BETA2], t));
}

/* Move n parameters from `from` on, by G = g (+ weight_decay W, if these are weights). */
static void move(Net *net, double *from, size_t n, int weights)
{
    const double *s = net->numbers;
    size_t offset = from - net->parameters;
    double *restrict w = from, *restrict g = net->gradient + offset;
    double *restrict u = net->state_1 + offset, *restrict v = net->state_2 + offset;
    double eta = net->rate, momentum = s[MOMENTUM], decay = s[WEIGHT_DECAY];
    if (weights && decay != 0.0)
        for (size_t i = 0; i < n; i++) g[i] = g[i] + decay * w[i];
    switch (net->settings[OPTIMIZER]) {
    case SGD: /* u: velocity */
        if (momentum == 0.0) {
            for (size_t i = 0; i < n; i++) w[i] -= eta * g[i];
            break;
        }
        for (size_t i = 0; i < n; i++) u[i] = momentum * u[i] + g[i];
        if (s[NESTEROV] != 0.0)
            for (size_t i = 0; i < n; i++) w[i] -= eta * (g[i] + momentum * u[i]);
        else
            for (size_t i = 0; i < n; i++) w[i] -= eta * u[i];
        break;
    case RMSPROP: /* u: square, v: velocity */
        for (size_t i = 0; i < n; i++) {
            u[i] = s[ALPHA] * u[i] + (1.0 - s[ALPHA]) * (g[i] * g[i]);
            g[i] = g[i] / (sqrt(u[i]) + s[EPS]);
        }
        if (momentum == 0.0) {
            for (size_t i = 0; i < n; i++) w[i] -= eta * g[i];
            break;
        }
        for (size_t i = 0; i < n; i++) v[i] = momentum * v[i] + g[i];
        for (size_t i = 0; i < n; i++) w[i] -= eta * v[i];
        break;
    case ADAM: /* u: mean, v: square */
        for (size_t i = 0; i < n; i++) {
            u[i] = s[BETA1] * u[i] + (1.0 - s[BETA1]) * g[i];
            v[i] = s[BETA2] * v[i] + (1.0 - s[BETA2]) * (g[i] * g[i]);
            w[i] -= net->mean_by * (u[i] / (sqrt(v[i]) / net->square_by + s[EPS]));
        }
        break;
    case RPROP: /* u: previous gradient, v: step */
        for (size_t i = 0; i < n; i++) {
            double q = g[i] * u[i], step = v[i] * (q > 0.0 ? s[GROW] : q < 0.0 ? s[SHRINK] : 1.0);
            step = step < s[SMALLEST] ? s[SMALLEST] : step;
            v[i] = step > s[LARGEST] ? s[LARGEST] : step;
            u[i] = q < 0.0 ? 0.0 : g[i];
            w[i] -= (u[i] > 0.0 ? 1.0 : u[i] < 0.0 ? -1.0 : u[i] == 0.0 ? 0.0 : u[i]) * v[i];
        }
    }
}

/* The norm N = q sqrt(S((g/q)^2)), q the largest size; if N > c, g = g (c / N). */
static void clip(Net *net)
{
    double *g = net->gradient, c = net->numbers[CLIP_NORM], q = 0.0, sum = 0.0;
    size_t n = net->n_parameters;
    for (size_t i = 0; i < n; i++) q = fabs(g[i]) > q ? fabs(g[i]) : q;
    if (q == 0.0) return;
    for (size_t i = 0; i < n; i++) sum += (g[i] / q) * (g[i] / q);
    double norm = q * sqrt(sum);
    if (norm > c)
        for (size_t i = 0; i < n; i++) g[i] *= c / norm;
}

/* ---- backward and update -------------------------------------------------------------------- */

/* shares_kj = W_kj / D_k into net->shares; the first neuron (from 1) whose D_k vanishes, or 0. */
static int share(Net *net, const Layer *layer)
{
    size_t inputs = layer->inputs;
    for (int k = 0; k < layer->units; k++) {
        const double *w = layer->w + k * inputs;
        double *out = net->shares + k * inputs, sum = 0.0, size = 0.0;
        for (size_t j = 0; j < inputs; j++) {
            sum += w[j];
            size += fabs(w[j]);
        }
        if (net->settings[RULE] == PROPORTIONAL_ABS) sum = size;
        if (fabs(sum) <= 1e-6 * size) return k + 1;
        for (size_t j = 0; j < inputs; j++) out[j] = w[j] / sum;
    }
    return 0;
}

static void divide(double *v, size_t n, double m)
{
    if (m != 1.0)
        for (size_t i = 0; i < n; i++) v[i] /= m;
}

/* Backward through a block of m samples of a batch. With output_first the block is the batch, and
   each layer moves before the error goes back through it. A vanishing denominator goes to status. */
static int backward(Net *net, size_t m, int *status)
{
    int rule = net->settings[RULE];
    const Layer *last = net->layers + net->n_layers - 1;
    for (size_t i = 0; i < last->units * m; i++) net->e[i] = last->a[i] - net->d[i];
    for (int l = net->n_layers - 1; l >= 0; l--) {
        const Layer *layer = net->layers + l, *below = layer - 1;
        size_t n = layer->units * m;
        int derived = layer != last || net->settings[COST] != CROSS_ENTROPY;
        derive(derived ? layer->activation : IDENTITY, n, layer->z, layer->a, net->e, net->g);
        for (size_t i = 0; i < n; i++) net->delta[i] = net->scale * net->g[i];
        if (net->settings[WEIGHTED])
            for (int k = 0; k < layer->units; k++)
                for (size_t i = 0; i < m; i++) net->delta[k * m + i] *= net->weight[i];
        add_gradients(layer, net->delta, l == 0 ? net->x : below->out, m);
        if (net->settings[OUTPUT_FIRST]) {
            size_t size = (size_t)layer->units * layer->inputs;
            divide(layer->grad_w, size, m);
            divide(layer->grad_b, layer->units, m);
            move(net, layer->w, size, 1);
            move(net, layer->b, layer->units, 0);
        }
        if (l == 0) break;
        if (rule == PROPORTIONAL || rule == PROPORTIONAL_ABS) {
            int neuron = share(net, layer);
            if (neuron) {
                status[LAYER] = l + 2;
                status[NEURON] = neuron;
                return VANISHED;
            }
            send_back(layer, net->shares, net->e, net->previous_e, m);
        } else {
            send_back(layer, layer->w, rule == GRADIENT ? net->g : net->e, net->previous_e, m);
        }
        if (below->rate > 0.0)
            for (size_t i = 0; i < below->units * m; i++) net->previous_e[i] *= below->mask[i];
        double *e = net->e;
        net->e = net->previous_e;
        net->previous_e = e;
    }
    return OK;
}

/* Whether each update is of one sample and no more than W - eta G. */
static int is_online(const Net *net)
{
    const int *s = net->settings;
    const double *numbers = net->numbers;
    for (int l = 0; l < net->n_layers; l++)
        if (net->layers[l].rate > 0.0 || net->layers[l].activation == SOFTMAX) return 0;
    return s[BATCH_SIZE] == 1 && s[OPTIMIZER] == SGD && numbers[MOMENTUM] == 0.0 &&
           numbers[WEIGHT_DECAY] == 0.0 && !(numbers[CLIP_NORM] > 0.0) &&
           (s[RULE] == GRADIENT || s[RULE] == TRANSPOSE);
}

/* Such an update whole, neuron by neuron: the operations of forward, add_costs, backward and move
   in a tight loop, since a tiny network spends its time between the loops. Returns the cost. */
static double learn_one(Net *net, const double *x, const double *d, double weight)
{
    const Layer *layer = net->layers, *last = net->layers + net->n_layers - 1;
    const double *fed = x;
    for (; layer <= last; fed = layer++->a) {
        const double *w = layer->w;
        for (int k = 0; k < layer->units; k++) {
            double sum = 0.0;
            for (int j = 0; j < layer->inputs; j++) sum += *w++ * fed[j];
            layer->z[k] = sum += layer->b[k];
            layer->a[k] = value_of(layer->activation, sum);
        }
    }
    int squared = net->settings[COST] != CROSS_ENTROPY, by_e = net->settings[RULE] == TRANSPOSE;
    int output_first = net->settings[OUTPUT_FIRST], weighted = net->settings[WEIGHTED];
    double *restrict e = net->e, *restrict previous = net->previous_e, cost = 0.0, eta = net->rate;
    for (int k = 0; k < last->units; k++) {
        double z = last->z[k];
        e[k] = last->a[k] - d[k];
        cost += squared ? e[k] * e[k] : (positive(z) - d[k] * z) + log_term(z);
    }
    for (layer = last; layer >= net->layers; layer--) {
        int inputs = layer->inputs, send = layer > net->layers, derived = squared || layer < last;
        double *restrict w = layer->w, *restrict b = layer->b;
        fed = send ? layer[-1].a : x;
        if (send) clear(inputs, previous);
        for (int k = 0; k < layer->units; k++, w += inputs) {
            double g = derived ? slope_of(layer->activation, layer->z[k], layer->a[k]) * e[k] : e[k];
            double v = by_e ? e[k] : g, delta = net->scale * g;
            if (weighted) delta *= weight;
            if (send && !output_first) add_scaled(inputs, v, w, previous);
            for (int j = 0; j < inputs; j++) w[j] -= eta * (0.0 + delta * fed[j]);
            b[k] -= eta * (0.0 + delta);
            if (send && output_first) add_scaled(inputs, v, w, previous);
        }
        double *errors = e;
        e = previous;
        previous = errors;
    }
    cost = squared ? cost / cost_divisor(net) : cost;
    return weighted ? cost * weight : cost;
}

/* Rows of the caller's array, one sample each, to a block. */
static void gather(const double *rows, const int *order, size_t start, size_t m, size_t width,
                   double *out)
{
    for (size_t i = 0; i < m; i++) {
        const double *row = rows + (order ? (size_t)order[start + i] : start + i) * width;
        for (size_t j = 0; j < width; j++) out[j * m + i] = row[j];
    }
}

/* The masks of a block, samples start.. of a batch of `batch` samples, whose uniforms lie layer by
   layer, row by row. */
static void make_masks(Net *net, const double *uniforms, size_t start, size_t m, size_t batch)
{
    for (int l = 0; l < net->n_layers; l++) {
        Layer *layer = net->layers + l;
        size_t units = layer->units;
        if (!(layer->rate > 0.0)) continue;
        double kept = 1.0 / (1.0 - layer->rate);
        gather(uniforms, NULL, start, m, units, layer->mask);
        for (size_t i = 0; i < units * m; i++)
            layer->mask[i] = layer->mask[i] < layer->rate ? 0.0 : kept;
        uniforms += units * batch;
    }
}

/* ---- a network in memory -------------------------------------------------------------------- */

/* n doubles that drop() frees. */
static double *take(Net *net, size_t n)
{
    double *taken = calloc(n, sizeof *taken);
    if (taken) net->memory[net->taken++] = taken;
    else net->out_of_memory = 1;
    return taken;
}

static void drop(Net *net)
{
    while (net->taken > 0) free(net->memory[--net->taken]);
    free(net->memory);
    free(net->layers);
}

/* Lay out a network for blocks of samples; 0, and all freed again, if there is no memory for it. */
static int make(Net *net, const int *settings, const int *layers, const int *activations,
                const double *numbers, const double *dropout, double *parameters, int block)
{
    int n_layers = settings[LAYERS] - 1;
    size_t outputs = layers[n_layers], widest = 0, largest = 0;
    memset(net, 0, sizeof *net);
    net->settings = settings;
    net->numbers = numbers;
    net->parameters = parameters;
    net->n_layers = n_layers;
    net->layers = calloc(n_layers, sizeof *net->layers);
    net->memory = calloc(4 * n_layers + 11, sizeof *net->memory);
    for (int l = 0; l < n_layers; l++) {
        size_t inputs = layers[l], units = layers[l + 1];
        net->n_weights += inputs * units;
        net->n_parameters += (inputs + 1) * units;
        largest = inputs * units > largest ? inputs * units : largest;
        widest = units > widest ? units : widest;
    }
    if (!net->layers || !net->memory) {
        drop(net);
        return 0;
    }
    net->gradient = take(net, net->n_parameters);
    size_t weight = 0, bias = net->n_weights;
    for (int l = 0; l < n_layers; l++) {
        Layer *layer = net->layers + l;
        layer->inputs = layers[l];
        layer->units = layers[l + 1];
        layer->activation = activations[l];
        layer->rate = dropout && l < n_layers - 1 ? dropout[l] : 0.0;
        layer->w = parameters + weight;
        layer->b = parameters + bias;
        layer->grad_w = net->gradient + weight;
        layer->grad_b = net->gradient + bias;
        weight += (size_t)layer->inputs * layer->units;
        bias += layer->units;
        size_t n = (size_t)layer->units * block;
        layer->z = take(net, n);
        layer->a = layer->out = take(net, n);
        if (layer->rate > 0.0) {
            layer->mask = take(net, n);
            layer->out = take(net, n);
        }
    }
    net->shares = take(net, largest);
    net->e = take(net, widest * block);
    net->previous_e = take(net, widest * block);
    net->g = take(net, widest * block);
    net->delta = take(net, widest * block);
    net->x = take(net, (size_t)layers[0] * block);
    net->d = take(net, outputs * block);
    net->weight = take(net, block);
    net->costs = take(net, block);
    net->log_sums = take(net, block);
    net->scale = settings[COST] == HALF_MSE ? 1.0 / outputs
               : settings[COST] == MSE      ? 2.0 / outputs
                                            : 1.0;
    if (net->out_of_memory) {
        drop(net);
        return 0;
    }
    return 1;
}

static int all_finite(size_t n, const double *v)
{
    for (size_t i = 0; i < n; i++)
        if (!(v[i] - v[i] == 0.0)) return 0;
    return 1;
}

/* ---- the entries ---------------------------------------------------------------------------- */

/* A number that changes with the arguments of the entries, for callers to look at first. */
EXPORT void twinprop_kernel_interface(int *number) { *number = 1; }

/* Make settings[UPDATES] updates, from batch settings[START] of an epoch on. What else goes in and
   comes out is said with TRAIN in python/twinprop/kernel.py. */
EXPORT void twinprop_kernel(const int *settings, const int *layers, const int *activations,
                            const double *numbers, const double *dropout, const double *x,
                            const double *d, const double *sample_weight, const int *order,
                            const double *uniforms, const double *rates, double *parameters,
                            double *state_1, double *state_2, double *before, double *total,
                            double *costs, int *status)
{
    Net made, *net = &made;
    size_t n = settings[ROWS], batch_size = settings[BATCH_SIZE], start = settings[START] * batch_size;
    int output_first = settings[OUTPUT_FIRST];
    int block = output_first || batch_size < BLOCK ? (int)batch_size : BLOCK;
    memset(status, 0, 6 * sizeof *status);
    if (!make(net, settings, layers, activations, numbers, dropout, parameters, block)) {
        status[CODE] = NO_MEMORY;
        return;
    }
    net->state_1 = state_1;
    net->state_2 = state_2;
    size_t dropped = 0; /* units with dropout */
    for (int l = 0; l < net->n_layers; l++)
        if (net->layers[l].rate > 0.0) dropped += net->layers[l].units;
    if (!settings[SHUFFLED]) order = NULL;
    int online = is_online(net);

    for (int made_now = 0; made_now < settings[UPDATES]; made_now++) {
        size_t m = n - start < batch_size ? n - start : batch_size;
        net->rate = rates[status[EPOCHS_DONE]];
        if (start == 0) {
            memcpy(before, parameters, net->n_parameters * sizeof *before);
            *total = 0.0;
        }
        if (numbers[WEIGHT_DECAY] != 0.0) *total += m * penalty(net);
        double sum = 0.0;
        if (online) {
            size_t row = order ? (size_t)order[start] : start;
            sum = learn_one(net, x + row * layers[0], d + row * layers[net->n_layers],
                            settings[WEIGHTED] ? sample_weight[row] : 1.0);
        } else {
            clear(net->n_parameters, net->gradient);
            start_update(net, numbers[MADE] + made_now + 1.0);
            for (size_t done = 0; done < m; done += block) {
                size_t rows = m - done < (size_t)block ? m - done : (size_t)block;
                gather(x, order, start + done, rows, layers[0], net->x);
                gather(d, order, start + done, rows, layers[net->n_layers], net->d);
                if (settings[WEIGHTED])
                    gather(sample_weight, order, start + done, rows, 1, net->weight);
                if (dropped) make_masks(net, uniforms, done, rows, m);
                forward(net, rows, 1);
                sum = add_costs(net, rows, sum);
                status[CODE] = backward(net, rows, status);
                if (status[CODE] != OK) {
                    status[EPOCH] = status[EPOCHS_DONE];
                    drop(net);
                    return;
                }
            }
            if (!output_first) {
                divide(net->gradient, net->n_parameters, m);
                if (numbers[CLIP_NORM] > 0.0) clip(net);
                move(net, parameters, net->n_weights, 1);
                move(net, parameters + net->n_weights, net->n_parameters - net->n_weights, 0);
            }
        }
        *total += sum;
        status[UPDATES_DONE]++;
        uniforms += dropped * m;
        start += batch_size;
        if (start < n) continue;
        if (!all_finite(1, total) || !all_finite(net->n_parameters, parameters)) {
            status[CODE] = NOT_FINITE;
            status[EPOCH] = status[EPOCHS_DONE];
            break;
        }
        costs[status[EPOCHS_DONE]++] = *total / n;
        start = 0;
        if (order) order += n;
    }
    drop(net);
}

/* z and a of the output layer of all rows, and S_i of their costs (times their weights) if d is
   given; likewise with FORWARD in python/twinprop/kernel.py. */
EXPORT void twinprop_kernel_forward(const int *settings, const int *layers, const int *activations,
                                    const double *numbers, const double *x, const double *d,
                                    const double *sample_weight, double *parameters, double *z,
                                    double *a, double *cost, int *status)
{
    Net made, *net = &made;
    size_t n = settings[ROWS];
    int with_cost = settings[COST] >= 0;
    memset(status, 0, 6 * sizeof *status);
    if (!make(net, settings, layers, activations, numbers, NULL, parameters, BLOCK)) {
        status[CODE] = NO_MEMORY;
        return;
    }
    const Layer *last = net->layers + net->n_layers - 1;
    size_t outputs = last->units;
    double sum = 0.0;
    for (size_t start = 0; start < n; start += BLOCK) {
        size_t m = n - start < BLOCK ? n - start : BLOCK;
        gather(x, NULL, start, m, layers[0], net->x);
        forward(net, m, 0);
        for (size_t i = 0; i < m; i++)
            for (size_t k = 0; k < outputs; k++) {
                z[(start + i) * outputs + k] = last->z[k * m + i];
                a[(start + i) * outputs + k] = last->a[k * m + i];
            }
        if (!with_cost) continue;
        gather(d, NULL, start, m, outputs, net->d);
        if (settings[WEIGHTED]) gather(sample_weight, NULL, start, m, 1, net->weight);
        sum = add_costs(net, m, sum);
    }
    *cost = with_cost ? sum / n + penalty(net) : 0.0;
    drop(net);
}
