# Equations as trees, and how they are written. Twins: python/twinprop/equations.py,
# inst/js/equations.js
#
# Section 12 of the contract. One tree is written in symbols, with its numbers, as plain text, as
# LaTeX and as MathML, so that none of these can say anything else than the others. A tree is a list
# with its `kind`.

# Significant digits of a number in an equation.
equation_digits <- 6

# A number is first rounded to this many digits of its size (the sum of the sizes of the terms it
# came from): what is left of terms that cancel is rounding, and is shown as 0.
size_digits <- 12

# A sum of more terms is shortened: the first ones, dots, the last ones.
most_terms <- 10
first_terms <- 4
last_terms <- 2

# A symbol and its number. `letter` says what it is: "a", "z", "W", "delta", "dC/dW", "f'" (of z),
# "eta" and so on; `size` is the sum of the sizes of the terms that the value came from, a rounding
# is some 1e-16 of this; `place` is its neuron, for weights also the neuron of the layer before.
# `sample` is NULL where there is one sample only; `new` is the value after the update.
quantity <- function(letter, value, size, layer = NULL, place = NULL, sample = NULL, new = FALSE) {
  list(
    kind = "quantity", letter = letter, value = as.vector(value), size = as.vector(size),
    layer = layer, place = place, sample = sample, new = new
  )
}

# A number that stands in the formula itself.
constant <- function(value) list(kind = "constant", value = value)

# Terms added up; `minus` says which are subtracted, `dots` before which some are left out.
sum_of <- function(terms, minus = FALSE, dots = NULL) {
  list(kind = "sum", terms = terms, minus = rep_len(minus, length(terms)), dots = dots)
}

product <- function(...) list(kind = "product", factors = list(...))

quotient <- function(top, bottom) list(kind = "quotient", top = top, bottom = bottom)

power <- function(base, exponent) list(kind = "power", base = base, exponent = exponent)

# exp, log, tanh, sqrt, abs, max, min or sign of expressions.
call_of <- function(name, ...) list(kind = "call", name = name, arguments = list(...))

# `then` if the quantity is above 0, else `otherwise`.
cases <- function(of, then, otherwise) {
  list(kind = "cases", of = of, then = then, otherwise = otherwise)
}

# The sum of term(1), ..., term(count), of which only the written ones are made.
total <- function(count, term) {
  if (count <= most_terms) {
    return(sum_of(lapply(seq_len(count), term)))
  }
  which <- c(seq_len(first_terms), seq(count - last_terms + 1, count))
  sum_of(lapply(which, term), dots = first_terms + 1)
}

# A number, to `size_digits` digits of its size, then to `equation_digits` digits of its own. The
# first rounding hides the bits in which two languages may differ, so that the second gives the same
# digits in all of them.
shown <- function(value, size) {
  if (!is.finite(value)) {
    return(if (is.nan(value)) "NaN" else if (value > 0) "Inf" else "-Inf")
  }
  size <- max(abs(value), size, na.rm = TRUE)
  if (size == 0) {
    return("0")
  }
  if (is.finite(size)) {
    decimals <- size_digits - 1 - floor(log10(size))
    # 10^decimals must be a number
    if (decimals <= 300) {
      # 10^23 would be off in the last bit
      unit <- as.numeric(sprintf("1e%.0f", abs(decimals)))
      value <- if (decimals >= 0) round(value * unit) / unit else round(value / unit) * unit
    }
  }
  sprintf("%.*g", equation_digits, value + 0)
}

# How tightly what was written holds together; a part that holds less is put into parentheses.
tightness <- c(negative = 0, sum = 1, product = 2, power = 3, atom = 4)

# An expression in symbols, or with the numbers in their place, in a notation (see below).
write_expression <- function(expression, notation, numbers = FALSE) {
  written(expression, notation, numbers)$text
}

# The number of a quantity.
write_value <- function(of, notation) {
  notation$number(shown(of$value, of$size))
}

# What was written, and how tightly it holds together.
written <- function(expression, notation, numbers) {
  result <- function(text, holds) list(text = text, tightness = tightness[[holds]])
  part <- function(inner, least) {
    found <- written(inner, notation, numbers)
    if (found$tightness >= tightness[[least]]) found$text else notation$parentheses(found$text)
  }
  switch(expression$kind,
    constant = result(notation$number(shown(expression$value, abs(expression$value))), "atom"),
    quantity = if (numbers) {
      text <- shown(expression$value, expression$size)
      result(notation$number(text), if (startsWith(text, "-")) "negative" else "atom")
    } else {
      result(notation$quantity(expression), "atom")
    },
    sum = if (length(expression$terms) == 1L && !expression$minus) {
      # a sum of one term is that term
      written(expression$terms[[1L]], notation, numbers)
    } else {
      result(written_sum(expression, part, notation), "sum")
    },
    product = {
      parts <- vapply(expression$factors, part, "", "product")
      result(notation$join(parts, c("", rep("*", length(parts) - 1L))), "product")
    },
    quotient = if (notation$tight_fraction) {
      top <- part(expression$top, "negative")
      result(notation$fraction(top, part(expression$bottom, "negative")), "atom")
    } else {
      top <- part(expression$top, "product")
      result(notation$fraction(top, part(expression$bottom, "power")), "product")
    },
    power = {
      base <- part(expression$base, "atom")
      result(notation$power(base, part(expression$exponent, "atom")), "power")
    },
    call = {
      arguments <- vapply(expression$arguments, part, "", "negative")
      result(notation$call(expression$name, arguments), "atom")
    },
    cases = {
      inner <- vapply(expression[c("of", "then", "otherwise")], part, "", "negative")
      result(notation$cases(inner[[1L]], inner[[2L]], inner[[3L]]), "negative")
    }
  )
}

written_sum <- function(expression, part, notation) {
  parts <- vapply(expression$terms, part, "", "product")
  operators <- ifelse(expression$minus, "-", "+")
  if (operators[1L] == "+") operators[1L] <- ""
  if (!is.null(expression$dots)) {
    parts <- append(parts, notation$dots, expression$dots - 1)
    operators <- append(operators, "+", expression$dots - 1)
  }
  notation$join(parts, operators)
}

# A notation is a list of functions that write the parts of an equation: `number(text)` what shown()
# gave; `quantity(of)` a symbol; `join(parts, operators)` parts with "+", "-" or "*" before each but
# the first, before which it is "" or "-"; `fraction(top, bottom)`; `power(base, exponent)`;
# `call(name, arguments)`; `cases(of, then, otherwise)`; `parentheses(text)`; and of `dots`, what
# stands for the terms left out, and `tight_fraction`, whether a fraction holds together by itself.

text_quantity <- function(of) {
  text <- if (of$letter == "f'") "z" else of$letter
  if (!is.null(of$layer)) text <- paste0(text, "[", of$layer, "]")
  if (!is.null(of$place)) text <- paste0(text, "_", paste(of$place, collapse = ","))
  if (!is.null(of$sample)) text <- paste0(text, "^(", of$sample, ")")
  if (of$letter == "f'") text <- paste0("f'(", text, ")")
  if (of$new) paste("new", text) else text
}

in_text <- list(
  number = identity,
  quantity = text_quantity,
  join = function(parts, operators) {
    operators[-1L] <- paste0(" ", operators[-1L], " ")
    paste0(operators, parts, collapse = "")
  },
  fraction = function(top, bottom) paste(top, "/", bottom),
  power = function(base, exponent) paste0(base, "^", exponent),
  call = function(name, arguments) paste0(name, "(", paste(arguments, collapse = ", "), ")"),
  cases = function(of, then, otherwise) paste(then, "if", of, "> 0 else", otherwise),
  parentheses = function(text) paste0("(", text, ")"),
  dots = "...",
  tight_fraction = FALSE
)

# Letters that have a sign of their own: in LaTeX, in MathML.
greek <- list(
  delta = c("\\delta", "&#948;"),
  eta = c("\\eta", "&#951;"),
  lambda = c("\\lambda", "&#955;"),
  mu = c("\\mu", "&#956;"),
  alpha = c("\\alpha", "&#945;"),
  eps = c("\\varepsilon", "&#949;"),
  beta1 = c("\\beta_1", "&#946;"),
  beta2 = c("\\beta_2", "&#946;")
)

# Words among the letters.
word_letters <- c("share", "shares", "blame", "step", "penalty", "change")

# A number's digits, and its power of ten, if it has one.
power_of_ten <- function(text) {
  parts <- strsplit(text, "e", fixed = TRUE)[[1L]]
  list(digits = parts[1L], power = if (length(parts) > 1L) as.character(as.integer(parts[2L])))
}

latex_number <- function(text) {
  number <- power_of_ten(text)
  if (is.null(number$power)) {
    return(switch(number$digits,
      "NaN" = "\\text{NaN}", "Inf" = "\\infty", "-Inf" = "-\\infty", number$digits
    ))
  }
  paste0(number$digits, " \\cdot 10^{", number$power, "}")
}

latex_letter <- function(letter) {
  if (letter %in% word_letters) {
    return(paste0("\\mathrm{", letter, "}"))
  }
  if (is.null(greek[[letter]])) letter else greek[[letter]][1L]
}

latex_quantity <- function(of) {
  letter <- of$letter
  if (startsWith(letter, "dC/d")) {
    of$letter <- sub("dC/d", "", letter, fixed = TRUE)
    return(paste0("\\frac{\\partial C}{\\partial ", latex_quantity(of), "}"))
  }
  if (letter == "f'") {
    of$letter <- "z"
    return(paste0("f'(", latex_quantity(of), ")"))
  }
  text <- latex_letter(letter)
  above <- above_quantity(of)
  if (nzchar(above)) text <- paste0(text, "^{", above, "}")
  if (!is.null(of$place)) text <- paste0(text, "_{", paste(of$place, collapse = ","), "}")
  if (of$new) paste0("{", text, "}^{\\text{new}}") else text
}

# Layer and sample, which stand above a symbol.
above_quantity <- function(of) {
  paste0(
    if (!is.null(of$layer)) paste0("[", of$layer, "]"),
    if (!is.null(of$sample)) paste0("(", of$sample, ")"), ""
  )
}

latex_call <- function(name, arguments) {
  inner <- paste(arguments, collapse = ", ")
  switch(name,
    abs = paste0("\\left|", inner, "\\right|"),
    sqrt = paste0("\\sqrt{", inner, "}"),
    sign = paste0("\\operatorname{sign}\\left(", inner, "\\right)"),
    paste0("\\", name, "\\left(", inner, "\\right)")
  )
}

in_latex <- list(
  number = latex_number,
  quantity = latex_quantity,
  join = function(parts, operators) {
    operators[operators == "*"] <- "\\cdot"
    operators[-1L] <- paste0(" ", operators[-1L], " ")
    paste0(operators, parts, collapse = "")
  },
  fraction = function(top, bottom) paste0("\\frac{", top, "}{", bottom, "}"),
  # braces, because the base may have a superscript of its own
  power = function(base, exponent) paste0("{", base, "}^{", exponent, "}"),
  call = latex_call,
  cases = function(of, then, otherwise) {
    paste0(then, " \\text{ if } ", of, " > 0 \\text{ else } ", otherwise)
  },
  parentheses = function(text) paste0("\\left(", text, "\\right)"),
  dots = "\\cdots",
  tight_fraction = TRUE
)

mathml_number <- function(text) {
  number <- power_of_ten(text)
  negative <- startsWith(number$digits, "-")
  digits <- sub("^-", "", number$digits)
  text <- paste0(
    if (negative) "<mo>&#8722;</mo>", "<mn>", if (digits == "Inf") "&#8734;" else digits, "</mn>"
  )
  if (is.null(number$power)) {
    return(if (negative) paste0("<mrow>", text, "</mrow>") else text)
  }
  paste0(
    "<mrow>", text, "<mo>&#183;</mo><msup><mn>10</mn><mn>", sub("-", "&#8722;", number$power),
    "</mn></msup></mrow>"
  )
}

mathml_letter <- function(letter) {
  if (letter %in% word_letters) {
    return(paste0("<mtext>", letter, "</mtext>"))
  }
  if (startsWith(letter, "beta")) {
    return(paste0(
      "<msub><mi>", greek[[letter]][2L], "</mi><mn>", sub("beta", "", letter), "</mn></msub>"
    ))
  }
  paste0("<mi>", if (is.null(greek[[letter]])) letter else greek[[letter]][2L], "</mi>")
}

mathml_quantity <- function(of) {
  letter <- of$letter
  if (startsWith(letter, "dC/d")) {
    of$letter <- sub("dC/d", "", letter, fixed = TRUE)
    return(paste0(
      "<mfrac><mrow><mo>&#8706;</mo><mi>C</mi></mrow><mrow><mo>&#8706;</mo>", mathml_quantity(of),
      "</mrow></mfrac>"
    ))
  }
  if (letter == "f'") {
    of$letter <- "z"
    return(paste0(
      "<mrow><mi>f</mi><mo>&#8242;</mo><mo>(</mo>", mathml_quantity(of), "<mo>)</mo></mrow>"
    ))
  }
  base <- mathml_letter(letter)
  above <- above_quantity(of)
  below <- paste(of$place, collapse = ",")
  text <- if (nzchar(above) && nzchar(below)) {
    paste0("<msubsup>", base, "<mtext>", below, "</mtext><mtext>", above, "</mtext></msubsup>")
  } else if (nzchar(above)) {
    paste0("<msup>", base, "<mtext>", above, "</mtext></msup>")
  } else if (nzchar(below)) {
    paste0("<msub>", base, "<mtext>", below, "</mtext></msub>")
  } else {
    base
  }
  if (of$new) paste0("<mrow><mtext>new&#160;</mtext>", text, "</mrow>") else text
}

mathml_signs <- c("-" = "<mo>&#8722;</mo>", "+" = "<mo>+</mo>", "*" = "<mo>&#183;</mo>")

mathml_call <- function(name, arguments) {
  inner <- paste(arguments, collapse = "<mo>,</mo>")
  switch(name,
    abs = paste0("<mrow><mo>|</mo>", inner, "<mo>|</mo></mrow>"),
    sqrt = paste0("<msqrt>", inner, "</msqrt>"),
    paste0("<mrow><mi>", name, "</mi><mo>(</mo>", inner, "<mo>)</mo></mrow>")
  )
}

in_mathml <- list(
  number = mathml_number,
  quantity = mathml_quantity,
  join = function(parts, operators) {
    signs <- ifelse(operators == "", "", mathml_signs[operators])
    paste0("<mrow>", paste0(signs, parts, collapse = ""), "</mrow>")
  },
  fraction = function(top, bottom) paste0("<mfrac>", top, bottom, "</mfrac>"),
  power = function(base, exponent) paste0("<msup>", base, exponent, "</msup>"),
  call = mathml_call,
  cases = function(of, then, otherwise) {
    paste0(
      "<mrow>", then, "<mtext>&#160;if&#160;</mtext>", of, "<mo>&gt;</mo><mn>0</mn>",
      "<mtext>&#160;else&#160;</mtext>", otherwise, "</mrow>"
    )
  },
  parentheses = function(text) paste0("<mrow><mo>(</mo>", text, "<mo>)</mo></mrow>"),
  dots = "<mo>&#8943;</mo>",
  tight_fraction = TRUE
)
