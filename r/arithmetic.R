# The sums and the elementary functions that all else is computed by, twice. Twins:
# python/twinprop/arithmetic.py, inst/js/arithmetic.js
#
# Section 19 of the contract. `arithmetics$fast` takes R's own, BLAS and the machine's mathematical
# library included, whose last bits differ from computer to computer. `arithmetics$portable` makes
# each operation by itself, in the contract's order, so that every computer and every language gets
# the same bits: nothing but + - * / and sqrt() on doubles, none of which R rounds twice. sum(),
# mean(), rowSums() and the like add in long double, so they are not for it; nor is `%*%`. Loops go
# over the summed index and are vectorised over the others.
#
# A sample is a column (see backprop.R). Each record has
#   weighted_sums(w, a)   (n_l, m): sum over j of w[k, j] a[j, i]
#   send_back(w, v)       (n_{l-1}, m): sum over k of w[k, j] v[k, i]
#   outer_sums(v, a)      (n_l, n_{l-1}): sum over the samples i of v[k, i] a[j, i]
#   sum_samples(x)        (n_l): each row's sum
#   sum_units(x)          (m): each column's sum
#   total(x), sum_of_squares(x), dot(x, y)   of vectors
#   flat(arrays)          the entries of a list of arrays, in the order in which they are summed
#   exp(x), log(x), tanh(x), log1p(u)   elementwise, in portable 0 <= u <= 1
#   power(b, t), real_power(b, p), cos(x)   of numbers, t an integer >= 0, b > 0, 0 <= x <= pi

# R's own ------------------------------------------------------------------------------------------

fast_sum_samples <- function(x) {
  size <- dim(x)
  .rowSums(x, size[1L], size[2L])
}

fast_sum_units <- function(x) {
  size <- dim(x)
  if (size[2L] == 1L) sum(x) else .colSums(x, size[1L], size[2L])
}

# So many samples go through the layers at a time where sums may be cut, so that a large batch needs
# no arrays of its own size; as in Python.
chunk_size <- 4096L

# The columns of each chunk of n, in order.
fast_chunks <- function(n) {
  if (n <= chunk_size) {
    return(list(seq_len(n)))
  }
  lapply(seq(0, n - 1, chunk_size), function(before) seq(before + 1, min(before + chunk_size, n)))
}

# Sums in order ------------------------------------------------------------------------------------

# They start at +0, which decides the sign of a sum of zeros.
ordered_total <- function(x) {
  total <- 0
  for (term in x) total <- total + term
  total
}

ordered_sum_samples <- function(x) {
  size <- dim(x)
  if (size[1L] == 1L) {
    return(ordered_total(x))
  }
  sums <- numeric(size[1L])
  for (i in seq_len(size[2L])) sums <- sums + x[, i]
  sums
}

ordered_sum_units <- function(x) {
  size <- dim(x)
  if (size[2L] == 1L) {
    return(ordered_total(x))
  }
  sums <- numeric(size[2L])
  for (k in seq_len(size[1L])) sums <- sums + x[k, ]
  sums
}

ordered_weighted_sums <- function(w, a) {
  units <- dim(w)[1L]
  samples <- dim(a)[2L]
  if (samples == 1L && units == 1L) {
    return(matrix(ordered_total(as.vector(w) * as.vector(a))))
  }
  sums <- numeric(units * samples)
  if (samples == 1L) {
    for (j in seq_along(a)) sums <- sums + w[, j] * a[j]
  } else {
    sample <- rep(seq_len(samples), each = units)
    for (j in seq_len(dim(a)[1L])) sums <- sums + w[, j] * a[j, sample]
  }
  dim(sums) <- c(units, samples)
  sums
}

ordered_send_back <- function(w, v) ordered_weighted_sums(t(w), v)

ordered_outer_sums <- function(v, a) {
  units <- dim(v)[1L]
  inputs <- dim(a)[1L]
  samples <- dim(a)[2L]
  if (samples == 1L) {
    sums <- 0 + as.vector(v) * rep(as.vector(a), each = units)
  } else {
    sums <- numeric(units * inputs)
    input <- rep(seq_len(inputs), each = units)
    for (i in seq_len(samples)) sums <- sums + v[, i] * a[input, i]
  }
  dim(sums) <- c(units, inputs)
  sums
}

# R holds a matrix column by column; the contract sums it row by row.
row_by_row <- function(arrays) unlist(lapply(arrays, t))

# Elementary functions -----------------------------------------------------------------------------

# 2^e for e = least_exponent..1024, by halving and doubling, which are exact; 2^1024 is Inf.
least_exponent <- -1076
powers_of_two <- local({
  powers <- numeric(1024 - least_exponent + 1)
  one <- 1 - least_exponent
  powers[one] <- 1
  for (i in seq(one + 1, length(powers))) powers[i] <- powers[i - 1] * 2
  for (i in seq(one - 1, 1)) powers[i] <- powers[i + 1] / 2
  powers
})
# where a power of two begins: 2^-1074, the smallest double, to 2^1024
smallest_power <- which(powers_of_two > 0)[1L]
binades <- powers_of_two[smallest_power:length(powers_of_two)]

# The formulas and constants of fdlibm's e_exp.c, e_log.c, k_sin.c and k_cos.c. They stand in base
# 16 because R, where it has no long double, may read 21 decimal digits as the double beside the
# nearest.
to_integer <- 6755399441055744 # 1.5 * 2^52: adding and subtracting it rounds to an integer
inverse_ln2 <- 0x1.71547652b82fep0 # 1.44269504088896338700e+00
ln2_high <- 0x1.62e42fee00000p-1 # 6.93147180369123816490e-01
ln2_low <- 0x1.a39ef35793c76p-33 # 1.90821492927058770002e-10
sqrt_2 <- 0x1.6a09e667f3bcdp0 # 1.4142135623730951
exp_1 <- 0x1.555555555553ep-3 # 1.66666666666666019037e-01
exp_2 <- -0x1.6c16c16bebd93p-9 # -2.77777777770155933842e-03
exp_3 <- 0x1.1566aaf25de2cp-14 # 6.61375632143793436117e-05
exp_4 <- -0x1.bbd41c5d26bf1p-20 # -1.65339022054652515390e-06
exp_5 <- 0x1.6376972bea4d0p-25 # 4.13813679705723846039e-08
log_1 <- 0x1.5555555555593p-1 # 6.666666666666735130e-01
log_2 <- 0x1.999999997fa04p-2 # 3.999999999940941908e-01
log_3 <- 0x1.2492494229359p-2 # 2.857142874366239149e-01
log_4 <- 0x1.c71c51d8e78afp-3 # 2.222219843214978396e-01
log_5 <- 0x1.7466496cb03dep-3 # 1.818357216161805012e-01
log_6 <- 0x1.39a09d078c69fp-3 # 1.531383769920937332e-01
log_7 <- 0x1.2f112df3e5244p-3 # 1.479819860511658591e-01

# exp(x) = 2^k (1 + p)
split_exp <- function(x) {
  k <- (x * inverse_ln2 + to_integer) - to_integer
  high <- x - k * ln2_high
  low <- k * ln2_low
  r <- high - low
  t <- r * r
  c <- r - t * (exp_1 + t * (exp_2 + t * (exp_3 + t * (exp_4 + t * exp_5))))
  if (anyNA(k)) k[is.na(k)] <- 0 # NaN is in p, and no place in a table
  list(k = k, p = high - (low - (r * c) / (2 - c)))
}

portable_exp <- function(x) {
  above <- which(x > 710)
  if (length(above) > 0L) x[above] <- 710
  below <- which(x < -746)
  if (length(below) > 0L) x[below] <- -746
  parts <- split_exp(x)
  # in two factors, so that neither overflows
  half <- floor(parts$k * 0.5)
  shift <- 1 - least_exponent
  ((1 + parts$p) * powers_of_two[half + shift]) * powers_of_two[(parts$k - half) + shift]
}

# exp(x) - 1 for x <= 0
portable_expm1 <- function(x) {
  below <- which(x < -746)
  if (length(below) > 0L) x[below] <- -746
  parts <- split_exp(x)
  power <- powers_of_two[parts$k + (1 - least_exponent)]
  power * parts$p + (power - 1)
}

portable_log <- function(x) {
  # x = 2^k m, at first with 1 <= m < 2; the division is exact
  at <- .bincode(x, binades, right = FALSE)
  k <- at + (smallest_power + least_exponent - 2)
  m <- x / binades[at]
  large <- which(m >= sqrt_2)
  m[large] <- m[large] * 0.5
  k[large] <- k[large] + 1
  f <- m - 1
  s <- f / (2 + f)
  z <- s * s
  w <- z * z
  t1 <- w * (log_2 + w * (log_4 + w * log_6))
  t2 <- z * (log_1 + w * (log_3 + w * (log_5 + w * log_7)))
  h <- (0.5 * f) * f
  value <- k * ln2_high - ((h - (s * (h + (t2 + t1)) + k * ln2_low)) - f)
  outside <- which(is.na(at))
  if (length(outside) > 0L) {
    of <- x[outside]
    value[outside] <- NaN
    value[outside[which(of == 0)]] <- -Inf
    value[outside[which(of == Inf)]] <- Inf
  }
  value
}

# log(1 + u) for 0 <= u <= 1; the last term makes up for what 1 + u has lost
portable_log1p <- function(u) {
  w <- 1 + u
  portable_log(w) - ((w - 1) - u) / w
}

portable_tanh <- function(z) {
  e <- portable_expm1(-2 * abs(z))
  value <- (0 - e) / (2 + e)
  negative <- which(z < 0)
  value[negative] <- -value[negative]
  value
}

portable_power <- function(b, t) {
  r <- 1
  while (t > 0) {
    half <- floor(t / 2)
    if (t - 2 * half > 0) r <- r * b
    b <- b * b
    t <- half
  }
  r
}

portable_real_power <- function(b, p) portable_exp(p * portable_log(b))

quarter_pi <- 0x1.921fb54442d18p-1 # 0.7853981633974483
three_quarters_pi <- 0x1.2d97c7f3321d2p1 # 2.356194490192345
half_pi <- 0x1.921fb54442d18p0 # 1.5707963267948966
half_pi_rest <- 0x1.1a62633145c07p-54 # 6.123233995736766e-17
whole_pi <- 0x1.921fb54442d18p1 # 3.141592653589793
whole_pi_rest <- 0x1.1a62633145c07p-53 # 1.2246467991473532e-16
cos_1 <- 0x1.555555555554cp-5 # 4.16666666666666019037e-02
cos_2 <- -0x1.6c16c16c15177p-10 # -1.38888888888741095749e-03
cos_3 <- 0x1.a01a019cb1590p-16 # 2.48015872894767294178e-05
cos_4 <- -0x1.27e4f809c52adp-22 # -2.75573143513906633035e-07
cos_5 <- 0x1.1ee9ebdb4b1c4p-29 # 2.08757232129817482790e-09
cos_6 <- -0x1.8fae9be8838d4p-37 # -1.13596475577881948265e-11
sin_1 <- -0x1.5555555555549p-3 # -1.66666666666666324348e-01
sin_2 <- 0x1.111111110f8a6p-7 # 8.33333333332248946124e-03
sin_3 <- -0x1.a01a019c161d5p-13 # -1.98412698298579493134e-04
sin_4 <- 0x1.71de357b1fe7dp-19 # 2.75573137070700676789e-06
sin_5 <- -0x1.ae5e68a2b9cebp-26 # -2.50507602534068634195e-08
sin_6 <- 0x1.5d93a5acfd57cp-33 # 1.58969099521155010221e-10

# cos and sin of x + y, y a correction far smaller than x, |x| up to pi / 4
kernel_cos <- function(x, y) {
  z <- x * x
  half <- 0.5 * z
  w <- 1 - half
  r <- z * (cos_1 + z * (cos_2 + z * (cos_3 + z * (cos_4 + z * (cos_5 + z * cos_6)))))
  w + (((1 - w) - half) + (z * r - x * y))
}

kernel_sin <- function(x, y) {
  z <- x * x
  v <- z * x
  r <- sin_2 + z * (sin_3 + z * (sin_4 + z * (sin_5 + z * sin_6)))
  x - ((z * (0.5 * y - v * r) - y) - v * sin_1)
}

portable_cos <- function(x) {
  if (x <= quarter_pi) {
    kernel_cos(x, 0)
  } else if (x < three_quarters_pi) {
    t <- x - half_pi
    high <- t - half_pi_rest
    0 - kernel_sin(high, (t - high) - half_pi_rest)
  } else {
    t <- whole_pi - x
    high <- t + whole_pi_rest
    0 - kernel_cos(high, (t - high) + whole_pi_rest)
  }
}

# The two records ----------------------------------------------------------------------------------

arithmetics <- list(
  fast = list(
    name = "fast", chunks = fast_chunks, chunked = TRUE,
    exp = exp, sum_units = fast_sum_units, outer_sums = tcrossprod, send_back = crossprod,
    weighted_sums = `%*%`, sum_samples = fast_sum_samples, total = sum,
    sum_of_squares = function(x) sum(x * x), dot = function(x, y) sum(x * y), flat = unlist,
    log = log, log1p = log1p, tanh = tanh, power = `^`, real_power = `^`,
    cos = cos
  ),
  portable = list(
    name = "portable", chunks = function(n) list(seq_len(n)), chunked = FALSE,
    exp = portable_exp, sum_units = ordered_sum_units, outer_sums = ordered_outer_sums,
    send_back = ordered_send_back, weighted_sums = ordered_weighted_sums,
    sum_samples = ordered_sum_samples, total = ordered_total,
    sum_of_squares = function(x) ordered_total(x * x),
    dot = function(x, y) ordered_total(x * y), flat = row_by_row,
    log = portable_log, log1p = portable_log1p, tanh = portable_tanh, power = portable_power,
    real_power = portable_real_power, cos = portable_cos
  )
)

check_arithmetic <- function(value, name = "arithmetic") {
  check_choice(value, name, names(arithmetics))
}
