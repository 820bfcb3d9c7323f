# Section 19 of the contract. Referees: mpmath for the elementary functions, plain loops for sums.

fast <- arithmetics$fast
portable <- arithmetics$portable

# `nearest` is the exact value at x, rounded to a double, as mpmath has it; `ulps_off` is how far
# the contract's formula is from it, and so pins every bit. In base 16, which every R reads alike.
referee <- list(
  exp = list(
    x = c(
      -0x1.5e26666666666p9, -0x1.40ccccccccccdp5, -0x1p0, -0x1.62eb1c432ca58p-2,
      -0x1.4f8b588e368f1p-17, 0x1.999999999999ap-4, 0x1.6666666666666p-1, 0x1p0,
      0x1.4000000000000p1, 0x1.2f33333333333p5, 0x1.62d999999999ap9, 0x1.c5712e8dd759cp2,
      0x1.6cafc0cf4408cp3, 0x1.a3259b34f6600p-1, 0x1.d6b33bfd6d200p-2, -0x1.108d1f90e7edep2,
      0x1.3df67caa55fe6p4, -0x1.0d9ce50272706p3, -0x1.c23a3b20ccd10p3, -0x1.31d1c5cec5ed2p3
    ),
    nearest = c(
      0x1.9a5615b10648ap-1011, 0x1.1ba46d6527705p-58, 0x1.78b56362cef38p-2, 0x1.6a0773cd678a4p-1,
      0x1.fffeb07515653p-1, 0x1.1aec7b35a00d4p0, 0x1.01c2a61268987p1, 0x1.5bf0a8b145769p1,
      0x1.85d6fd931e0bbp3, 0x1.999eb2c75f6f5p54, 0x1.d75ae7a50ee14p1023, 0x1.2a7d9d3afd18ep10,
      0x1.5bad9234316e7p16, 0x1.223b174c26d76p1, 0x1.95636c2bf29e0p0, 0x1.cf66d4235c1a9p-7,
      0x1.975ff8f0a62eap28, 0x1.cbc0ad8726b2dp-13, 0x1.a067da44ea864p-21, 0x1.2899560ec935dp-14
    ),
    ulps_off = c(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0)
  ),
  log = list(
    x = c(
      0x1.56e1fc2f8f359p-997, 0x1.999999999999ap-4, 0x1.6a0902de00d1bp-1, 0x1.6a0a5269595ffp-1,
      0x1.ff7ced916872bp-1, 0x1.6a0902de00d1bp0, 0x1.6a0a5269595ffp0, 0x1.c000000000000p0,
      0x1.4000000000000p3, 0x1.7e43c8800759cp996, 0x1.0ab00c34b80acp1, 0x1.4f394c7be7ad2p1,
      0x1.1257386ad1316p1, 0x1.b8e8d98bedff0p-1, 0x1.4d4fcdf2d77f2p1, 0x1.3e87d782ed18cp1,
      0x1.23736d6786d0fp2, 0x1.9cf0ade10fadcp0, 0x1.21f24dd73eb78p-1
    ),
    nearest = c(
      -0x1.5963447f87fb5p9, -0x1.26bb1bbb55515p1, -0x1.62e6b3842a25ep-2, -0x1.62e2fe73833b5p-2,
      -0x1.064670d979b73p-10, 0x1.62e1ac5b1d181p-2, 0x1.62e5616bc4029p-2, 0x1.1e85f5e7040d0p-1,
      0x1.26bb1bbb55516p1, 0x1.5963447f87fb5p9, 0x1.77d5238be64e5p-1, 0x1.eceff33a853c8p-1,
      0x1.86517f0e35217p-1, -0x1.32251a0b77cd5p-3, 0x1.ea022fcaf1f56p-1, 0x1.d2c8d1d964a1fp-1,
      0x1.8417d1511b8d8p0, 0x1.e999a9108523fp-2, -0x1.23233c4d59370p-1
    ),
    ulps_off = c(0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0)
  ),
  log1p = list(
    x = c(
      0x1.2725dd1d243acp-60, 0x1.12e0be826d695p-30, 0x1.47ae147ae147bp-7, 0x1p-2,
      0x1.a8240b780346ep-2, 0x1.a82949a5657fbp-2, 0x1p-1, 0x1p0, 0x1.9ed3991d27ff8p-3,
      0x1.15bb091d28aa2p-1, 0x1.8de325eedc306p-2, 0x1.77897484b786fp-1, 0x1.9b2a9e864daf2p-1,
      0x1.a862540226966p-2, 0x1.96f8d9287f700p-4, 0x1.74bbbedb15610p-1
    ),
    nearest = c(
      0x1.2725dd1d243acp-60, 0x1.12e0be801f1d9p-30, 0x1.460d6ccca3677p-7, 0x1.c8ff7c79a9a22p-3,
      0x1.62e1ac5b1d182p-2, 0x1.62e5616bc4029p-2, 0x1.9f323ecbf984cp-2, 0x1.62e42fefa39efp-1,
      0x1.79bed19f3b100p-3, 0x1.bbc4a07ae71cbp-2, 0x1.5025a12a1eebfp-2, 0x1.19aa0d1080bcdp-1,
      0x1.2dd0f91bc32b2p-1, 0x1.630db60256062p-2, 0x1.84003239aa11fp-4, 0x1.180b5d827fb74p-1
    ),
    ulps_off = c(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0)
  ),
  tanh = list(
    x = c(
      -0x1.3800000000000p4, -0x1p1, -0x1p-1, -0x1.0c6f7a0b5ed8dp-20, 0x1.19799812dea11p-40,
      0x1.47ae147ae147bp-6, 0x1.3333333333333p-2, 0x1.199999999999ap-1, 0x1p0, 0x1p3,
      0x1.88b2d663bca7cp0, -0x1.3f4b1f56ec9e0p-1, 0x1.e643c4fbdb83cp-1, -0x1.34a872926b27cp0,
      0x1.3ea36050388c4p1, 0x1.005d19af37c4ep1, 0x1.c074883a5166cp0, 0x1.5c9b52e703842p1
    ),
    nearest = c(
      -0x1p0, -0x1.ed9505e1bc3d4p-1, -0x1.d9353d7568af3p-2, -0x1.0c6f7a0b5e767p-20,
      0x1.19799812dea11p-40, 0x1.47a2e5a063f19p-6, 0x1.2a4dda7d914fap-2, 0x1.00442f6419203p-1,
      0x1.85efab514f394p-1, 0x1.fffff872a91f8p-1, 0x1.d27c185874279p-1, -0x1.1b7727e67c120p-1,
      0x1.7ab529be6815fp-1, -0x1.abb764e8471adp-1, 0x1.f90008dc287a1p-1, 0x1.edaf42f18ef8dp-1,
      0x1.e21674acc5ef8p-1, 0x1.fb9b30c27f27fp-1
    ),
    ulps_off = c(0, 1, 0, 0, 0, -1, 0, 0, 0, 0, 1, -1, 0, -1, -1, -2, 0, 1)
  ),
  cos = list(
    x = c(
      0, 0x1.999999999999ap-4, 0x1.9212d77318fc5p-1, 0x1.921ff2e48e8a7p-1, 0x1.3333333333333p0,
      0x1.921fb54442d18p0, 0x1p1, 0x1.2d916872b020cp1, 0x1.2d9b3d07c84b6p1, 0x1.8000000000000p1,
      0x1.921fb54442d18p1, 0x1.76835ba8c7d80p-1, 0x1.b6813360c3ac6p0, 0x1.261876dc3d032p1,
      0x1.42484bede292fp1, 0x1.39df649401244p0
    ),
    nearest = c(
      0x1p0, 0x1.fd712f9a817c1p-1, 0x1.6a12ff5f42bd9p-1, 0x1.6a09bad46a86dp-1,
      0x1.730de943b79d4p-2, 0x1.1a62633145c07p-54, -0x1.aa22657537205p-2, -0x1.69f7df5f75366p-1,
      -0x1.6a13ada8d1ba8p-1, -0x1.fae04be85e5d2p-1, -0x1p0, 0x1.7d06d28e73702p-1,
      -0x1.2211668211cc3p-3, -0x1.54396a6742455p-1, -0x1.9f957828f9e63p-1, 0x1.5a0df4ed102a0p-2
    ),
    ulps_off = c(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 1, 0, 0)
  )
)

ulp <- function(x) 2^(floor(log2(abs(x))) - 52)

test_that("the elementary functions give the contract's bits, at most 1 ulp (tanh 3) off", {
  for (name in names(referee)) {
    case <- referee[[name]]
    want <- case$nearest + case$ulps_off * ulp(case$nearest)
    one_by_one <- vapply(case$x, portable[[name]], 0)
    expect_identical(one_by_one, want, label = name)
    if (name != "cos") expect_identical(portable[[name]](case$x), want, label = name)
    # at cos(pi / 2) the argument, not the cosine, is rounded
    expect_lte(max(abs(case$ulps_off)), if (name == "tanh") 3 else 1)
  }
})

test_that("the elementary functions keep shapes and know their ends", {
  edges <- matrix(c(-Inf, -800, -745.2, 0, 710, Inf, NaN, -Inf), 2)
  expect_identical(dim(portable$exp(edges)), c(2L, 4L))
  expect_identical(portable$exp(edges)[-7], c(0, 0, 0, 1, Inf, Inf, 0))
  expect_identical(portable$exp(-745.1), 2^-1074)
  expect_identical(portable$tanh(matrix(c(-Inf, -30, 0, Inf), 2)), matrix(c(-1, -1, 0, 1), 2))
  expect_identical(portable$log(matrix(c(0, 1, 2, Inf), 2))[c(1, 2, 4)], c(-Inf, 0, Inf))
  expect_identical(portable$log(2^c(-1074, 1023)), c(-1074, 1023) * log(2))
  expect_identical(portable$log1p(c(0, 1)), c(0, log(2)))
  for (f in portable[c("exp", "log", "log1p", "tanh")]) expect_true(is.nan(f(NaN)))
  expect_true(is.nan(portable$log(-1)))
  steps <- -1000:1000 / 1000
  expect_true(all(diff(portable$exp(sort(c(steps, 700 * steps)))) >= 0))
})

test_that("a power is made of squares", {
  expect_identical(portable$power(0.3, 0), 1)
  expect_identical(portable$power(0.3, 1), 0.3)
  b <- 0.9
  expect_identical(portable$power(b, 6), (b * b) * ((b * b) * (b * b)))
  expect_identical(portable$power(2, 1000), 2^1000)
  expect_equal(portable$power(0.999, 12345), 0.999^12345, tolerance = 1e-12)
})

# Numbers of very different sizes, whose sum depends on the order, with zeros of both signs.
mixed <- function(rows, columns, seed) {
  u <- tp_random_stream(seed)$uniform(3 * rows * columns)
  n <- seq_len(rows * columns)
  x <- (u[n] - 0.5) * 10^floor(12 * u[rows * columns + n])
  x[u[2 * rows * columns + n] < 0.1] <- 0
  matrix(x * ifelse(u[2 * rows * columns + n] < 0.05, -1, 1), rows, columns)
}

# sum over s of left(s) * right(s), one after the other
loop_sum <- function(indices, term) {
  total <- 0
  for (s in indices) total <- total + term(s)
  total
}

loop_matrix <- function(rows, columns, entry) {
  found <- matrix(0, rows, columns)
  for (i in seq_len(rows)) for (j in seq_len(columns)) found[i, j] <- entry(i, j)
  found
}

test_that("every sum is that of a plain loop, bit by bit", {
  differs <- 0
  for (units in c(1, 2, 5)) for (inputs in c(1, 3, 40)) for (samples in c(1, 2, 33)) {
    w <- mixed(units, inputs, 100 * units + inputs)
    a <- mixed(inputs, samples, 200 + samples)
    v <- mixed(units, samples, 300 + samples)
    forward <- loop_matrix(units, samples, function(k, i) {
      loop_sum(seq_len(inputs), function(j) w[k, j] * a[j, i])
    })
    expect_identical(portable$weighted_sums(w, a), forward)
    differs <- differs + !identical(w %*% a, forward)
    expect_identical(portable$send_back(w, v), loop_matrix(inputs, samples, function(j, i) {
      loop_sum(seq_len(units), function(k) w[k, j] * v[k, i])
    }))
    expect_identical(portable$outer_sums(v, a), loop_matrix(units, inputs, function(k, j) {
      loop_sum(seq_len(samples), function(i) v[k, i] * a[j, i])
    }))
    expect_identical(portable$sum_samples(a), vapply(seq_len(inputs), function(j) {
      loop_sum(seq_len(samples), function(i) a[j, i])
    }, 0))
    expect_identical(portable$sum_units(a), vapply(seq_len(samples), function(i) {
      loop_sum(seq_len(inputs), function(j) a[j, i])
    }, 0))
    expect_identical(portable$total(a), loop_sum(seq_along(a), function(i) a[i]))
    expect_identical(portable$sum_of_squares(a), loop_sum(seq_along(a), function(i) a[i] * a[i]))
    # the same sums, but for rounding
    for (name in c("weighted_sums", "send_back", "outer_sums")) {
      given <- switch(name, weighted_sums = list(w, a), send_back = list(w, v), list(v, a))
      expect_identical(
        dim(do.call(fast[[name]], given)), dim(do.call(portable[[name]], given))
      )
    }
    expect_equal(fast$sum_samples(a), portable$sum_samples(a), tolerance = 1e-12)
    expect_equal(fast$sum_units(a), portable$sum_units(a), tolerance = 1e-12)
  }
  expect_gt(differs, 0) # or the numbers would not tell one order from another
})

test_that("sums start at +0, and matrices are summed row by row", {
  zero <- function(x) 1 / x
  minus <- matrix(-0)
  expect_identical(zero(portable$total(-0)), Inf)
  expect_identical(zero(portable$weighted_sums(minus, matrix(1))[1]), Inf)
  expect_identical(zero(portable$outer_sums(minus, matrix(1))[1]), Inf)
  expect_identical(portable$flat(list(rbind(1:2, 3:4), 5:6)), 1:6)
})

# The names in a function's code that are neither its own variables nor, after a dollar, a record's.
names_read <- function(f) {
  own <- names(formals(f))
  read <- character()
  look <- function(code) {
    if (is.name(code)) {
      read <<- c(read, as.character(code))
    } else if (is.function(code)) {
      read <<- c(read, names_read(code))
    } else if (length(code) > 1L && (is.call(code) || is.pairlist(code))) {
      head <- if (is.call(code)) code[[1L]]
      assigns <- identical(head, as.name("<-")) || identical(head, as.name("for"))
      if (assigns && is.name(code[[2L]])) {
        own <<- c(own, as.character(code[[2L]]))
      }
      for (i in if (identical(head, as.name("$"))) 1:2 else seq_along(code)) look(code[[i]])
    }
  }
  for (i in seq_along(own)) look(formals(f)[[i]])
  look(body(f))
  setdiff(read, own)
}

# What adds in long double, calls BLAS, or is the mathematical library's.
not_portable <- c(
  "sum", "mean", "rowSums", "colSums", "rowMeans", "colMeans", ".rowSums", ".colSums", "rowsum",
  "cumsum", "prod", "cumprod", "%*%", "crossprod", "tcrossprod", "outer", "%o%", "exp", "expm1",
  "log", "log2", "log10", "log1p", "tanh", "sinh", "cosh", "sin", "cos", "tan", "^", "scale",
  "norm", "var", "sd", "polyroot", "solve", "Reduce", "do.call", "filter"
)

test_that("portable calls neither BLAS nor the mathematical library, nor does the core", {
  namespace <- asNamespace("twinprop")
  seen <- character()
  walk <- function(f) {
    read <- unique(names_read(f))
    for (name in setdiff(intersect(read, ls(namespace, all.names = TRUE)), seen)) {
      seen <<- c(seen, name)
      found <- get(name, namespace)
      if (is.function(found)) read <- c(read, walk(found))
    }
    unique(read)
  }
  for (name in names(Filter(is.function, portable))) {
    expect_identical(intersect(walk(portable[[name]]), not_portable), character(), label = name)
  }
  expect_true(all(c("split_exp", "kernel_sin", "powers_of_two") %in% seen))

  functions_in <- function(table) Filter(is.function, unlist(table))
  core <- c(
    functions_in(activations), functions_in(costs), functions_in(rules),
    functions_in(lapply(optimizers, `[[`, "step")), functions_in(schedules),
    mget(c(
      "sigmoid", "relu", "leaky_relu", "softplus", "softmax", "column_max", "cost_functions",
      "binary_cross_entropy", "multiclass_cross_entropy", "penalty", "exact_cost", "shares",
      "find_method", "forward_pass", "backward_pass", "draw_masks", "one_update", "clip_gradient",
      "find_move", "move_layers", "learning_rate_at", "with_mean_1", "batches", "train_batches",
      "record_updates", "train"
    ), namespace)
  )
  for (i in seq_along(core)) {
    expect_identical(
      intersect(names_read(core[[i]]), not_portable), character(), label = names(core)[i]
    )
  }
  # the walk sees what it looks for
  expect_true(all(c("crossprod", "exp") %in% names_read(function(x) crossprod(exp(-x)))))
  expect_false("exp" %in% names_read(function(x, by) by$exp(x)))
})

# How a few epochs may differ: see tolerance_first in helper-cases.R.
expect_alike <- function(..., of) {
  got <- tp_train(..., arithmetic = "portable")
  want <- tp_train(..., arithmetic = "fast")
  for (part in c("weights", "biases", "outputs", "cost", "initial_cost", "final_cost")) {
    expect_same_group(list(got[[part]]), list(want[[part]]), tolerance_first, paste(of, part), 1)
  }
  invisible(got)
}

test_that("portable and fast agree but for rounding", {
  stream <- tp_random_stream(7)
  x <- matrix(stream$uniform(21) - 0.5, 7)
  d <- matrix(stream$uniform(14), 7)
  hot <- cbind(d[, 1] < 0.5, d[, 1] >= 0.5) + 0
  hidden <- c("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")
  outputs <- list(
    half_mse = "tanh", half_sse = "identity", mse = "softplus", cross_entropy = "sigmoid",
    cross_entropy = "softmax"
  )
  i <- 0
  for (rule in names(rules)) for (o in seq_along(outputs)) for (name in names(optimizers)) {
    i <- i + 1
    activation <- c(hidden[i %% 6 + 1], hidden[i %% 5 + 1], outputs[[o]])
    start <- tp_starting_weights(c(3, 4, 3, 2), seed = i)
    # denominators that do not vanish
    if (rule == "proportional") start$weights <- lapply(start$weights, abs)
    network <- tp_network(
      c(3, 4, 3, 2), activation, weights = start$weights, biases = start$biases
    )
    order <- update_orders[i %% 2 + 1]
    expect_alike(
      network, x, if (outputs[[o]] == "softmax") hot else d, names(outputs)[o], rule, order,
      tp_optimizer(name, 0.01, weight_decay = if (i %% 3 == 0) 0.01 else 0),
      batch_size = list(1, 3, NULL)[[i %% 3 + 1]], epochs = 2, shuffle = i %% 2 == 0, seed = i,
      sample_weight = if (i %% 4 == 0) c(1, 2, 0, 1, 0.5, 3, 1), dropout = (i %% 3 == 1) * 0.25,
      clip_norm = if (order == "simultaneous" && i %% 3 == 2) 0.05,
      schedule = if (name != "rprop") c(list(NULL), names(schedules))[[i %% 5 + 1]],
      of = paste(rule, names(outputs)[o], name)
    )
  }
})

test_that("one argument says which, everywhere", {
  network <- tp_network(c(2, 3, 2), c("tanh", "sigmoid"), seed = 3)
  x <- rbind(c(0.1, -0.7), c(1.3, 0.4), c(0.9, 2.1))
  d <- rbind(c(0, 1), c(1, 0), c(0.5, 0.25))
  run <- tp_train(
    network, x, d, optimizer = "adam", batch_size = NULL, epochs = 1, arithmetic = "portable"
  )
  expect_identical(run$settings$arithmetic, "portable")
  step <- tp_step(network, x, d, optimizer = "adam", arithmetic = "portable")
  expect_identical(step$network, run$network)
  forward <- tp_forward(network, x, "portable")
  expect_identical(forward, step$forward)
  backward <- tp_backward(network, forward, d, arithmetic = "portable")
  expect_identical(backward, step$backward)
  expect_identical(
    tp_update(network, backward, tp_optimizer("adam"), "portable")$network, run$network
  )
  expect_identical(predict(network, x, arithmetic = "portable"), forward$a[[3]])
  expect_identical(predict(run$network, x, arithmetic = "portable"), run$outputs)
  expect_identical(tp_mean_cost(network, x, d, arithmetic = "portable"), run$initial_cost)
  # by hand: the first neuron of layer 2
  w <- network$weights[[1]][1, ]
  z <- vapply(1:3, function(i) ((0 + w[1] * x[i, 1]) + w[2] * x[i, 2]) + network$biases[[1]][1], 0)
  expect_identical(forward$z[[1]][, 1], z)

  plan <- list(training = list(epochs = 20, arithmetic = "portable"))
  planned <- tp_run(plan)
  direct <- tp_train(tp_network(c(2, 4, 1)), xor_x, xor_d, epochs = 20, arithmetic = "portable")
  expect_identical(planned$weights, direct$weights)
  expect_identical(tp_read_plan(list())$training$arithmetic, "fast")

  message <- 'arithmetic must be one of "fast", "portable", got '
  expect_input_error(
    tp_train(network, x, d, arithmetic = "exact"), paste0(message, '"exact"')
  )
  expect_input_error(tp_step(network, x, d, arithmetic = 1), paste0(message, "1"))
  expect_input_error(tp_forward(network, x, "Fast"), paste0(message, '"Fast"'))
  expect_input_error(tp_backward(network, forward, d, arithmetic = NULL), paste0(message, "null"))
  expect_input_error(tp_update(network, backward, arithmetic = TRUE), paste0(message, "true"))
  expect_input_error(predict(network, x, arithmetic = ""), paste0(message, '""'))
  expect_input_error(tp_mean_cost(network, x, d, arithmetic = "a"), paste0(message, '"a"'))
  expect_input_error(
    tp_read_plan(list(training = list(arithmetic = "exact"))),
    paste0("training.", message, '"exact"')
  )
})
