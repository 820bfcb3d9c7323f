# One training step as an exercise that marks itself. Twins: python/twinprop/exercise.py,
# inst/js/exercise.js
#
# The section Exercise of the contract. The numbers of the key are those of the explained step
# (explain.R); a known mistake is the same step computed by its own wrong formula.

# The layers of each level, and the decimals of its weights, biases and inputs.
exercise_levels <- list(
  list(layers = c(2L, 2L, 1L), decimals = 1),
  list(layers = c(2L, 2L, 2L), decimals = 1),
  list(layers = c(3L, 3L, 2L), decimals = 2)
)

# Layers and neurons in a layer that an exercise has at most.
most_layers <- 4L
most_neurons <- 3L

# An answer counts as given to so many significant digits, if it has less; a new weight or bias, of
# which the step changes the last digits only, to so many decimals.
answer_digits <- 3L
answer_decimals <- 6L

# What is left of a number that two ways of computing it do not share, and room for a tie.
answer_rounding <- 1e-9
answer_closest <- 1e-12
answer_tie <- 1e-6

# A weighted sum up to this is 0 but for rounding.
exercise_kink <- 1e-9

# An answer that is off by at most this part of the number is nearly right.
nearly_right <- 0.02

# What a question asks for; of gradients and updates those of the weights and biases followed.
stages_asked <- c("weighted_sum", "activation", "output_error", "cost", "delta", "error")
stages_followed <- c("gradient", "share", "update")

# What may be wrong, in the order in which it is named, and what to say.
exercise_mistakes <- list(
  no_derivative = "you forgot the derivative f' of the activation function",
  new_weights = "you sent the error back through the new weights instead of the old ones",
  no_transpose = "you forgot the transpose when the error went back (you used W[j,k] for W[k,j])",
  swapped_weights =
    "you swapped rows and columns of the weights on the way forward (you used W[j,k] for W[k,j])",
  wrong_sign = "a sign is wrong (the output error is a - d, and the step is subtracted)",
  no_learning_rate = "you forgot the learning rate eta",
  no_scale = "you forgot the 1 / K of the cost (K outputs)",
  no_half = "you forgot the 1 / 2 of the cost",
  no_bias = "you forgot the bias",
  no_activation = "you forgot the activation function (you used z for a)",
  other_layer = "you used the activations of another layer",
  rounded_early = "you rounded too early or gave too few digits"
)

# What the learner had right when the mistake came in: all but the question itself (and the shares
# that an error adds up), the errors and what is before them, the output, nothing.
right_until <- list(
  c("weighted_sum", "activation", "output_error", "error", "delta", "gradient", "update"),
  c("weighted_sum", "activation", "output_error", "error"),
  c("weighted_sum", "activation", "output_error"),
  character()
)

#' One training step as an exercise
#'
#' Makes an exercise: a small network and a sample by chance, and the questions of one step.
#'
#' The seed decides all numbers, which are short and the same in R, Python and JavaScript. The
#' questions go from the forward pass to the new weights; all weighted sums, activations, errors and
#' deltas are asked for, and of each layer one weight and one bias with its gradient and its update.
#'
#' @param seed An integer from -2147483647 to 2147483647.
#' @param level 1: layers 2-2-1, numbers of one decimal; 2: 2-2-2; 3: 3-3-2, numbers of two
#'   decimals.
#' @param layers 2 to 4 layers of 1 to 3 neurons; default those of the level.
#' @param activations One name for every layer after the input, or one for each.
#' @param cost `"half_mse"`, `"half_sse"`, `"mse"` or `"cross_entropy"`.
#' @param rule `"gradient"`, `"transpose"`, `"proportional"` (all weights are above 0) or
#'   `"proportional_abs"`.
#' @param learning_rate That of the update, which is plain gradient descent.
#' @param x What `tp_exercise()` returned.
#' @param key Whether the teacher's key follows.
#' @param format `"text"`, or `"md"` for Markdown.
#' @param ... Not used.
#' @return A list of class `tp_exercise`: `seed`, `level`, `network`, `x` (1, n_1), `d` (1, n_L),
#'   `cost`, `rule`, `learning_rate`; `questions`, a data frame with the columns `number`, `stage`,
#'   `symbol`, `text`; `key`, the teacher's, a data frame: `number`, `symbol`, `formula`,
#'   `substitution`, `value`; `explanation`, what [tp_explain()] says of the whole step. Printing it
#'   prints the sheet without answers; `format()` returns the sheet as a string.
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @references The section Exercise of the contract, `docs/contract.md`. The numbers to follow by
#'   hand are in the manner of Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning
#'   representations by back-propagating errors. *Nature* 323.
#' @seealso [tp_check_answer()] marks an answer
#' @examples
#' task <- tp_exercise(1)
#' task
#' task$key[1, ]
#' tp_check_answer(task, "z[2]_1", task$key$value[1])
#' @export
tp_exercise <- function(seed, level = 1, layers = NULL, activations = "sigmoid",
                        cost = "half_mse", rule = "gradient", learning_rate = 0.5) {
  seed <- check_seed(seed)
  level <- check_integer(level, "level", 1, length(exercise_levels))
  decimals <- exercise_levels[[level]]$decimals
  layers <- if (is.null(layers)) exercise_levels[[level]]$layers else check_few_layers(layers)
  activations <- check_activations(activations, layers)
  cost <- check_cost(cost, list(activations = activations))
  rule <- check_choice(rule, "rule", names(rules))
  learning_rate <- check_number(learning_rate, "learning_rate")
  stream <- tp_random_stream(seed)
  repeat {
    drawn <- draw_exercise(stream, layers, activations, decimals, rule)
    if (!at_a_kink(drawn$network, drawn$x)) break
  }
  outputs <- layers[length(layers)]
  if (activations[length(activations)] == "softmax") {
    d <- numeric(outputs)
    d[draw_whole(stream, outputs)] <- 1
  } else {
    # 0.1 or 0.9, so that the errors are not small
    unit <- 10^decimals
    d <- vapply(seq_len(outputs), function(k) c(1, unit - 1)[draw_whole(stream, 2)] / unit, 0)
  }
  followed <- lapply(seq_along(layers)[-1L], function(layer) {
    to <- draw_whole(stream, layers[layer])
    c(to = to, from = draw_whole(stream, layers[layer - 1L]))
  })
  optimizer <- tp_optimizer("sgd", learning_rate = learning_rate)
  explanation <- tp_explain(drawn$network, drawn$x, rbind(d), cost, rule, optimizer = optimizer)
  equations <- unlist(lapply(explanation$sections, `[[`, "equations"), recursive = FALSE)
  asked <- vapply(equations, is_asked, NA, followed)
  rows <- equations[asked]
  table <- explanation$table[asked, ]
  number <- seq_along(rows)
  questions <- data.frame(
    number = number, stage = table$stage, symbol = table$symbol,
    text = vapply(rows, question_text, ""), stringsAsFactors = FALSE
  )
  key <- data.frame(
    number = number, table[c("symbol", "formula", "substitution", "value")],
    row.names = NULL, stringsAsFactors = FALSE
  )
  structure(
    list(
      seed = seed, level = level, network = drawn$network, x = drawn$x, d = unname(rbind(d)),
      cost = cost, rule = rule, learning_rate = learning_rate, questions = questions, key = key,
      explanation = explanation, rows = rows
    ),
    class = "tp_exercise"
  )
}

#' @rdname tp_exercise
#' @export
format.tp_exercise <- function(x, format = "text", key = FALSE, ...) {
  check_choice(format, "format", c("text", "md"))
  check_switch(key, "key")
  lines <- if (format == "text") text_sheet(x, key) else markdown_sheet(x, key)
  paste0(paste(lines, collapse = "\n"), "\n")
}

#' @rdname tp_exercise
#' @export
print.tp_exercise <- function(x, key = FALSE, ...) {
  cat(format(x, key = key))
  invisible(x)
}

#' Mark an answer to an exercise
#'
#' Says that an answer is right, or which known mistake it looks like.
#'
#' An answer is right if it is the number rounded to as many digits as were given, but at least to
#' three significant ones, and in a new weight or bias to six decimals. Else each known mistake is
#' computed by its own wrong formula, made in the question itself, since the errors, since the
#' output, or from the start.
#'
#' @param exercise What [tp_exercise()] returned.
#' @param question The question's number, from 1, or its symbol, as in `"delta[2]_1"`.
#' @param answer A number; in a string, as in `"0.620"`, zeros at the end are digits given.
#' @param earlier The learner's own answers to other questions, a list or vector whose names are
#'   their numbers or symbols: what follows from them is right as well, and mistakes are looked for
#'   in what was done with them.
#' @param x What `tp_check_answer()` returned.
#' @param ... Not used.
#' @return A list of class `tp_verdict`: `right`, whether the answer is right; `mistakes`, the names
#'   of the known mistakes that it looks like (the contract lists them), none if it is right, or
#'   looks like none of them; `message`, the same in words, with the formula in symbols if it looks
#'   like none of them. Printing it prints the message.
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @references The section Exercise of the contract, `docs/contract.md`.
#' @examples
#' task <- tp_exercise(1)
#' tp_check_answer(task, 1, task$key$value[1])
#' tp_check_answer(task, "e[3]_1", -task$key$value[7])$mistakes
#' @export
tp_check_answer <- function(exercise, question, answer, earlier = NULL) {
  if (!inherits(exercise, "tp_exercise")) {
    input_error(
      "exercise must be an exercise made by tp_exercise(), got ", describe(exercise)
    )
  }
  row <- exercise$rows[[find_question(exercise, question, "question")]]
  given <- read_answer(answer, "answer")
  if (row$stage == "update") given$unit <- min(given$unit, 10^-answer_decimals)
  own_answers <- read_earlier(exercise, earlier)
  if (agrees(given, row$quantity$value)) {
    return(verdict(TRUE, character(), "Right."))
  }
  base <- step_numbers(exercise, own_answers)
  own <- base$formula(row$stage, row$layer, row$to, row$from)
  if (length(own_answers) > 0L && agrees(given, own)) {
    return(verdict(TRUE, character(), "Right, with your earlier answers."))
  }
  mistakes <- fitting_mistakes(exercise, row, base, own, given)
  moved <- own - base$start(row$stage, row$layer, row$to, row$from)
  if (length(mistakes) == 0L && abs(given$number - own) <= nearly_right * abs(moved)) {
    mistakes <- "rounded_early"
  }
  if (length(mistakes) == 0L) {
    return(verdict(FALSE, mistakes, paste("Not right.", formula_hint(exercise, row))))
  }
  beginning <- if (identical(mistakes, "rounded_early")) "Nearly right" else "Not right"
  causes <- paste(unlist(exercise_mistakes[mistakes]), collapse = ", or ")
  verdict(FALSE, mistakes, paste0(beginning, ": perhaps ", causes, "."))
}

#' @rdname tp_check_answer
#' @export
print.tp_verdict <- function(x, ...) {
  cat(x$message, "\n", sep = "")
  invisible(x)
}

verdict <- function(right, mistakes, message) {
  structure(list(right = right, mistakes = mistakes, message = message), class = "tp_verdict")
}

check_few_layers <- function(value) {
  entries <- as_entries(value)
  if (length(entries) < 2L || length(entries) > most_layers) {
    input_error(
      "layers must be a list of 2 to ", most_layers, " integers from 1 to ", most_neurons,
      ", got ", describe(value)
    )
  }
  layers <- vapply(seq_along(entries), function(i) {
    check_integer(entries[[i]], paste0("layers entry ", i), 1, most_neurons)
  }, 0)
  as.integer(layers)
}

# A whole number from 1 to `count`.
draw_whole <- function(stream, count) floor(stream$uniform(1) * count) + 1

# Different short numbers: 0.1 to 0.9 or 0.01 to 0.99, and if `signed` their negatives.
draw_numbers <- function(stream, count, decimals, signed) {
  unit <- 10^decimals
  choices <- seq_len(unit - 1)
  if (signed) choices <- c(choices, -choices)
  choices[stream$order(length(choices))[seq_len(count)]] / unit
}

# A network and the inputs of a sample.
draw_exercise <- function(stream, layers, activations, decimals, rule) {
  weights <- list()
  biases <- list()
  for (l in seq_along(activations)) {
    signed <- rule != "proportional"
    drawn <- draw_numbers(stream, layers[l] * layers[l + 1L], decimals, signed)
    weights[[l]] <- matrix(drawn, layers[l + 1L], byrow = TRUE)
    biases[[l]] <- draw_numbers(stream, layers[l + 1L], decimals, signed = TRUE)
  }
  x <- rbind(draw_numbers(stream, layers[1L], decimals, signed = FALSE))
  list(network = make_network(layers, activations, weights, biases), x = x)
}

# Whether a weighted sum is 0 where f' has a jump, so that rounding would decide.
at_a_kink <- function(network, x) {
  kinked <- !vapply(activations[network$activations], `[[`, NA, "smooth")
  any(abs(as.numeric(unlist(tp_forward(network, x)$z[kinked]))) <= exercise_kink)
}

# Whether a row of the explained step is a question.
is_asked <- function(row, followed) {
  if (row$stage %in% stages_asked) {
    return(TRUE)
  }
  if (!row$stage %in% stages_followed) {
    return(FALSE)
  }
  chosen <- followed[[row$layer - 1L]]
  row$to == chosen[["to"]] && (is.null(row$from) || row$from == chosen[["from"]])
}

# The sheet ----------------------------------------------------------------------------------------

# What a question asks for, in words.
question_text <- function(row) {
  neuron <- paste("neuron", row$to, "of layer", row$layer)
  before <- paste("neuron", row$from, "of layer", row$layer - 1L)
  of <- if (is.null(row$from)) {
    paste("bias of", neuron)
  } else {
    paste("weight from", before, "to", neuron)
  }
  switch(row$stage,
    weighted_sum = paste0("the weighted sum z of ", neuron, ", its bias included"),
    activation = paste("the activation a of", neuron),
    output_error = paste0("the error e of output ", row$to, ": by how much it is too large"),
    cost = "the cost C of the sample",
    delta = paste("the delta of", neuron),
    share = paste("the share of its error that", neuron, "sends to", before),
    error = paste("the error e that comes back to", neuron),
    gradient = paste("the gradient of the", of),
    update = paste("the new value of the", of)
  )
}

sheet_title <- function(exercise) {
  paste0(
    "Exercise ", exercise$seed, ", level ", exercise$level, ": one training step of a ",
    paste(exercise$network$layers, collapse = "-"), " network"
  )
}

# What is given: texts whose names say what they are.
sheet_given <- function(exercise) {
  network <- exercise$network
  named <- function(name, values) {
    texts <- vapply(as.list(values), describe, "")
    paste0(name, seq_along(values), " = ", texts, collapse = ", ")
  }
  layers <- seq_along(network$layers)[-1L]
  given <- c(
    "activation functions" = paste(
      network$activations, "in layer", layers, collapse = ", "
    ),
    cost = paste0(exercise$cost, ", K = ", network$layers[length(network$layers)]),
    rule = exercise$rule,
    "learning rate" = paste("eta =", describe(exercise$learning_rate)),
    inputs = named("a[1]_", exercise$x),
    "desired outputs" = named("d_", exercise$d)
  )
  for (layer in layers) {
    for (k in seq_len(network$layers[layer])) {
      weights <- named(paste0("W[", layer, "]_", k, ","), network$weights[[layer - 1L]][k, ])
      bias <- paste0("b[", layer, "]_", k, " = ", describe(network$biases[[layer - 1L]][k]))
      given[paste0("layer ", layer, ", neuron ", k)] <- paste0(weights, ", ", bias)
    }
  }
  given
}

weights_note <- "W[l]_k,j is the weight from neuron j of layer l-1 to neuron k of layer l."
order_note <- "All gradients are computed before any weight moves."
digits_note <- paste(
  "Compute, to", answer_digits, "significant digits or more, new weights and biases to",
  answer_decimals, "decimals or more"
)

text_sheet <- function(exercise, key) {
  given <- sheet_given(exercise)
  questions <- exercise$questions
  lines <- c(
    sheet_title(exercise), "", "Given:", "",
    sprintf("  %-22s%s", names(given), given), "",
    weights_note, order_note, "", paste0(digits_note, ":"), "",
    sprintf("%4d. %-14s%s", questions$number, questions$symbol, questions$text)
  )
  if (!key) {
    return(lines)
  }
  starts <- sprintf("%4d. ", questions$number)
  c(lines, "", "Key:", "", unlist(Map(key_lines, exercise$rows, starts)))
}

# An equation of the key: in one line where it fits, else a line for each part.
key_lines <- function(row, start) {
  parts <- equation_parts(row, in_text)
  line <- paste0(start, paste(parts, collapse = " = "))
  if (nchar(line) <= line_width) {
    return(line)
  }
  indent <- strrep(" ", nchar(start) + nchar(parts[1L]))
  c(paste0(start, parts[1L], " = ", parts[2L]), paste0(indent, " = ", parts[-(1:2)]))
}

markdown_sheet <- function(exercise, key) {
  given <- sheet_given(exercise)
  questions <- exercise$questions
  lines <- c(
    paste("#", sheet_title(exercise)), "", "## Given", "", "| what | value |", "| --- | --- |",
    sprintf("| %s | `%s` |", names(given), given), "",
    sub("W[l]_k,j", "`W[l]_k,j`", weights_note, fixed = TRUE), order_note, "",
    "## Questions", "", paste0(digits_note, "."), "",
    "| number | symbol | what | answer |", "| ---: | --- | --- | --- |",
    sprintf("| %d | `%s` | %s | |", questions$number, questions$symbol, questions$text)
  )
  if (!key) {
    return(lines)
  }
  texts <- vapply(exercise$rows, function(row) {
    paste(equation_parts(row, in_text), collapse = " = ")
  }, "")
  c(
    lines, "", "## Key", "", "| number | equation |", "| ---: | --- |",
    sprintf("| %d | `%s` |", questions$number, texts)
  )
}

# Answers ------------------------------------------------------------------------------------------

# Which question is meant.
find_question <- function(exercise, question, name) {
  symbols <- exercise$questions$symbol
  if (is_string(question)) {
    if (question %in% symbols) {
      return(match(question, symbols))
    }
    number <- if (grepl("^[1-9][0-9]{0,2}$", question)) as.numeric(question)
  } else {
    number <- if (is_integer(question)) question
  }
  if (is.null(number) || number < 1 || number > length(symbols)) {
    input_error(
      name, " must be an integer from 1 to ", length(symbols),
      " or the symbol of a question, got ", describe(question)
    )
  }
  number
}

# An answer's number, and the unit of its last digit; 0 for an answer of 0.
read_answer <- function(answer, name) {
  text <- if (is_number(answer)) sprintf("%.15g", answer) else if (is_string(answer)) answer else ""
  pattern <- "^ *[+-]?([0-9]*)[.]?([0-9]*)([eE]([+-]?[0-9]+))? *$"
  parts <- regmatches(text, regexec(pattern, text))[[1L]]
  number <- if (length(parts) > 0L && nchar(paste0(parts[2L], parts[3L])) > 0L) {
    if (is_number(answer)) as.double(answer) else as.numeric(text)
  }
  if (is.null(number) || !is.finite(number)) {
    input_error(
      name, " must be a number or a string that holds one, got ", describe(answer)
    )
  }
  if (number == 0) {
    return(list(number = number, unit = 0))
  }
  digits <- nchar(sub("^0+", "", paste0(parts[2L], parts[3L])))
  power <- if (nchar(parts[5L]) > 0L) as.numeric(parts[5L]) else 0
  power <- power - nchar(parts[3L]) - max(0, answer_digits - digits)
  list(number = number, unit = 10^power)
}

# The learner's own answers, by the place in the step.
read_earlier <- function(exercise, earlier) {
  if (is.atomic(earlier) && !is.null(names(earlier))) earlier <- as.list(earlier)
  if (length(earlier) == 0L) {
    return(list())
  }
  earlier <- check_object(earlier, "earlier")
  given <- list()
  for (question in names(earlier)) {
    row <- exercise$rows[[find_question(exercise, question, "a name in earlier")]]
    answer <- read_answer(earlier[[question]], paste0("earlier \"", question, "\""))
    given[[place_of(row$stage, row$layer, row$to, row$from)]] <- answer$number
  }
  given
}

# Whether an answer is this number, rounded to the answer's digits.
agrees <- function(given, value) {
  room <- max(
    0.5 * given$unit * (1 + answer_tie), answer_rounding * abs(value), answer_closest
  )
  abs(given$number - value) <= room
}

# The formula of a question in symbols, and of what is in it and not asked for.
formula_hint <- function(exercise, row) {
  table <- exercise$explanation$table
  own <- write_expression(row$quantity, in_text)
  formula <- write_expression(row$expression, in_text)
  text <- paste(own, "=", formula)
  found <- character()
  for (stage in c("share", "scale", "derivative", "denominator")) {
    for (i in which(table$stage == stage & table$symbol != own)) {
      needed <- if (stage == "scale") {
        row$stage == "delta"
      } else {
        grepl(table$symbol[i], text, fixed = TRUE)
      }
      if (needed) {
        same <- table$formula[i] == table$symbol[i]
        other <- if (same) table$substitution[i] else table$formula[i]
        found <- c(found, paste(table$symbol[i], "=", other))
        text <- paste0(text, other)
      }
    }
  }
  where <- if (length(found) > 0L) paste0(", where ", paste(found, collapse = ", "))
  paste0("The formula is ", own, " = ", formula, where, ".")
}

# The mistakes that give this answer, by name.
fitting_mistakes <- function(exercise, row, base, own, given) {
  equations <- unlist(lapply(exercise$explanation$sections, `[[`, "equations"), recursive = FALSE)
  stages <- vapply(equations, `[[`, "", "stage")
  known <- list()
  for (at in equations[stages %in% right_until[[1L]]]) {
    known[[place_of(at$stage, at$layer, at$to, at$from)]] <-
      base$get(at$stage, at$layer, at$to, at$from)
  }
  known_stages <- sub(" .*", "", names(known))
  rights <- lapply(right_until, function(until) known[known_stages %in% until])
  fits <- function(way, number) {
    any(vapply(rights, function(right) {
      numbers <- step_numbers(exercise, right, way, number)
      wrong <- numbers$formula(row$stage, row$layer, row$to, row$from)
      !agrees(list(number = wrong, unit = 0), own) && agrees(given, wrong)
    }, NA))
  }
  Filter(function(name) {
    ways <- if (name == "wrong_sign") c("error_sign", "step_sign") else name
    numbers <- switch(name,
      other_layer = c(0L, seq_along(exercise$network$layers)), rounded_early = 2:3, 0L
    )
    any(vapply(ways, function(way) any(vapply(numbers, fits, NA, way = way)), NA))
  }, names(exercise_mistakes))
}

# A number of the step as a name: its stage, layer, neuron and, for what belongs to a weight, the
# neuron of the layer before.
place_of <- function(stage, layer, to, from = NULL) paste(c(stage, layer, to, from), collapse = " ")

# The numbers of the step, from what is known of them, with a mistake made on the way: `get()` gives
# what is known of a number, else computes it; `formula()` computes it from the numbers before it;
# `start()` gives what it moves away from, the old weight or bias, else 0. `at` is the layer whose
# activations are taken for those of another one (0: the neuron's own activation), or the decimals
# that are kept.
step_numbers <- function(exercise, known, mistake = "", at = 0L) {
  known <- list2env(as.list(known), parent = emptyenv())
  network <- exercise$network
  layers <- network$layers
  depth <- length(layers)
  outputs <- layers[depth]
  functions <- cost_functions(exercise$cost, output_activation(network))
  is <- function(name) mistake == name

  get <- function(stage, layer, to, from = NULL) {
    place <- place_of(stage, layer, to, from)
    value <- known[[place]]
    if (is.null(value)) {
      value <- formula(stage, layer, to, from)
      if (is("rounded_early") && stage != "share") {
        value <- floor(value * 10^at + 0.5 + answer_rounding) / 10^at
      }
      assign(place, value, envir = known)
    }
    value
  }
  formula <- function(stage, layer, to, from = NULL) {
    switch(stage,
      cost = sample_cost(),
      weighted_sum = weighted_sum(layer, to),
      activation = activation(layer, to),
      output_error = {
        error <- input(layer, to) - exercise$d[1L, to]
        if (is("error_sign")) -error else error
      },
      delta = scale() * error_of(layer, to) * slope(layer, to),
      gradient = gradient(layer, to, from),
      share = share(layer, to, from),
      error = sum(vapply(seq_len(layers[layer + 1L]), function(k) {
        get("share", layer + 1L, k, to)
      }, 0)),
      update = {
        step <- get("gradient", layer, to, from)
        if (!is("no_learning_rate")) step <- exercise$learning_rate * step
        old <- start(stage, layer, to, from)
        if (is("step_sign")) old + step else old - step
      }
    )
  }
  start <- function(stage, layer, to, from = NULL) {
    if (stage != "update") {
      return(0)
    }
    if (is.null(from)) network$biases[[layer - 1L]][to] else network$weights[[layer - 1L]][to, from]
  }
  weighted_sum <- function(layer, k) {
    inputs <- layers[layer - 1L]
    of <- layer - 1L
    if (is("other_layer") && at > 0L && at < of && layers[at] == inputs) of <- at
    w <- network$weights[[layer - 1L]]
    if (is("swapped_weights") && inputs == layers[layer]) w <- t(w)
    total <- sum(w[k, ] * vapply(seq_len(inputs), function(j) input(of, j), 0))
    if (is("no_bias")) total else total + network$biases[[layer - 1L]][k]
  }
  # an activation as it is used
  input <- function(layer, j) {
    if (layer == 1L) {
      return(exercise$x[1L, j])
    }
    get(if (is("no_activation")) "weighted_sum" else "activation", layer, j)
  }
  activation <- function(layer, k) {
    if (is("no_activation")) {
      return(get("weighted_sum", layer, k))
    }
    name <- network$activations[layer - 1L]
    neurons <- if (name == "softmax") seq_len(layers[layer]) else k
    z <- vapply(neurons, function(n) get("weighted_sum", layer, n), 0)
    activations[[name]]$value(cbind(z))[match(k, neurons)]
  }
  error_of <- function(layer, k) get(if (layer == depth) "output_error" else "error", layer, k)
  # f' of a neuron as delta and the rule gradient use it
  slope <- function(layer, k) {
    in_cost <- layer == depth && exercise$cost == "cross_entropy"
    derivative <- activations[[network$activations[layer - 1L]]]$derivative
    if (is.null(derivative) || in_cost || is("no_derivative")) {
      return(1)
    }
    z <- get("weighted_sum", layer, k)
    if (abs(z) <= exercise_kink) z <- 0
    as.vector(derivative(cbind(z), cbind(get("activation", layer, k))))
  }
  scale <- function() functions$scale(if (is("no_scale")) 1 else outputs)
  sample_cost <- function() {
    stage <- if (exercise$cost == "cross_entropy") "weighted_sum" else "output_error"
    values <- vapply(seq_len(outputs), function(k) get(stage, depth, k), 0)
    if (exercise$cost == "cross_entropy") {
      return(functions$total(NULL, cbind(values), t(exercise$d)))
    }
    total <- sum(values^2)
    if (exercise$cost != "half_sse" && !is("no_scale")) total <- total / outputs
    if (exercise$cost == "mse" || is("no_half")) total else total / 2
  }
  gradient <- function(layer, k, j) {
    delta <- get("delta", layer, k)
    if (is.null(j)) {
      return(delta)
    }
    of <- layer - 1L
    if (is("other_layer")) {
      wrong <- if (at > 0L) at else layer
      neuron <- if (at > 0L) j else k
      if (neuron <= layers[wrong]) {
        of <- wrong
        j <- neuron
      }
    }
    delta * input(of, j)
  }
  share <- function(layer, k, j) {
    inputs <- layers[layer - 1L]
    carried <- error_of(layer, k)
    if (exercise$rule == "gradient") carried <- carried * slope(layer, k)
    if (is("no_transpose") && layers[layer] == inputs) {
      swapped <- k
      k <- j
      j <- swapped
    }
    weights <- vapply(seq_len(inputs), function(n) sent(layer, k, n), 0)
    divisor <- switch(exercise$rule,
      proportional = sum(weights), proportional_abs = sum(abs(weights)), 1
    )
    weights[j] / divisor * carried
  }
  # a weight as the error goes back through it
  sent <- function(layer, k, j) {
    if (is("new_weights")) get("update", layer, k, j) else start("update", layer, k, j)
  }

  list(get = get, formula = formula, start = start)
}
