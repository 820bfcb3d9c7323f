# The exercises of tests/cases/exercise (see tests/cases/README.md), and how they are printed.
# Twins: tests/python/test_exercise.py, tests/js/exercise.test.js

make_exercise <- function(case) {
  how <- case$exercise
  how$layers <- unlist(how$layers)
  how$activations <- unlist(how$activations)
  do.call(tp_exercise, how)
}

# Lists of lists as vectors, of which those of one number stay what they are.
numbers_of <- function(entries) as.double(unlist(entries))

for (path in case_paths("exercise")) {
  local({
    case <- read_json(path)
    task <- make_exercise(case)
    test_that(paste("exercise", case$name, "draws, asks and knows"), {
      expect_identical(task$network$weights, lapply(case$weights, as_matrix))
      expect_identical(task$network$biases, lapply(case$biases, numbers_of))
      expect_identical(task$x, rbind(numbers_of(case$x)))
      expect_identical(task$d, rbind(numbers_of(case$d)))
      questions <- task$questions
      expect_identical(questions$number, seq_along(case$questions))
      expect_identical(questions$stage, vapply(case$questions, `[[`, "", 1L))
      expect_identical(questions$symbol, vapply(case$questions, `[[`, "", 2L))
      expect_identical(names(questions), c("number", "stage", "symbol", "text"))
      expect_identical(task$key$symbol, questions$symbol)
      expect_identical(
        names(task$key), c("number", "symbol", "formula", "substitution", "value")
      )
      # the numbers are of the size of 1
      gap <- abs(task$key$value - vapply(case$questions, `[[`, 0, 3L))
      expect_lte(max(gap), tolerance_first)
    })
    test_that(paste("the answers to exercise", case$name, "are marked as by hand"), {
      for (one in case$answers) {
        verdict <- tp_check_answer(task, one$question, one$answer, one$earlier)
        label <- paste(one$question, one$answer)
        expect_s3_class(verdict, "tp_verdict")
        expect_identical(verdict$right, one$right, label = label)
        expect_identical(verdict$mistakes, as.character(one$mistakes), label = label)
        expect_identical(verdict$message, one$message, label = label)
      }
    })
  })
}

test_that("there are cases", {
  expect_gt(length(case_paths("exercise")), 10L)
})

test_that("printing shows the sheet, and the key only if asked for", {
  task <- tp_exercise(1)
  sheet <- format(task)
  expect_identical(paste0(capture.output(print(task)), "\n", collapse = ""), sheet)
  expect_match(sheet, "Exercise 1, level 1: one training step of a 2-2-1 network", fixed = TRUE)
  expect_false(grepl("Key", sheet, fixed = TRUE))
  with_key <- paste0(capture.output(print(task, key = TRUE)), "\n", collapse = "")
  expect_identical(with_key, format(task, key = TRUE))
  expect_true(startsWith(with_key, sheet))
  for (formula in task$key$formula) expect_true(grepl(formula, with_key, fixed = TRUE))
  expect_match(format(task, "md"), "| 1 | `z[2]_1` | the weighted sum z of ", fixed = TRUE)
  expect_output(print(tp_check_answer(task, 1, task$key$value[1])), "^Right[.]$")
})

test_that("earlier answers may be a list or a vector", {
  task <- tp_exercise(1)
  a <- 1 / (1 + exp(-0.5))
  for (earlier in list(list("1" = 0.5), c("z[2]_1" = 0.5), list("z[2]_1" = "0.5"))) {
    expect_true(tp_check_answer(task, 2, a, earlier)$right)
  }
  expect_false(tp_check_answer(task, 2, a, list())$right)
})

test_that("the user's random numbers do not notice", {
  set.seed(1)
  before <- .Random.seed
  tp_exercise(5)
  expect_identical(.Random.seed, before)
})

test_that("what is no exercise is refused", {
  few <- "layers must be a list of 2 to 4 integers from 1 to 3, got "
  expect_input_error(
    tp_exercise(0.5), "seed must be an integer from -2147483647 to 2147483647, got 0.5"
  )
  expect_input_error(tp_exercise(1, 4), "level must be an integer from 1 to 3, got 4")
  expect_input_error(tp_exercise(1, layers = 3), paste0(few, "3"))
  expect_input_error(tp_exercise(1, layers = rep(1, 5)), paste0(few, "a list of 5"))
  expect_input_error(
    tp_exercise(1, layers = c(2, 4)), "layers entry 2 must be an integer from 1 to 3, got 4"
  )
  expect_input_error(
    tp_exercise(1, activations = list("tanh")),
    "activations must have one name for each layer after the input (2), got 1"
  )
  expect_error(tp_exercise(1, cost = "mae"), class = "twinprop_input_error")
  expect_error(
    tp_exercise(1, cost = "cross_entropy", activations = "tanh"), class = "twinprop_input_error"
  )
  expect_error(tp_exercise(1, rule = "hebb"), class = "twinprop_input_error")
  expect_input_error(
    tp_exercise(1, learning_rate = -1), "learning_rate must be a finite number >= 0, got -1"
  )
})

test_that("what is no answer is refused", {
  task <- tp_exercise(1)
  expect_input_error(
    tp_check_answer(3, 1, 1), "exercise must be an exercise made by tp_exercise(), got 3"
  )
  which <- " must be an integer from 1 to 22 or the symbol of a question, got "
  for (question in list(0, 23, 1.5, TRUE, NULL, "0", "23", "e[9]_1", "01")) {
    expect_input_error(
      tp_check_answer(task, question, 1), paste0("question", which, describe(question))
    )
  }
  answers <- list(
    NULL, TRUE, "", ".", "1,5", "1.2.3", "e5", "1e", "0x1", "nan", "Inf", "1e999", NaN, Inf, "1\n"
  )
  for (answer in answers) {
    expect_input_error(
      tp_check_answer(task, 1, answer),
      paste("answer must be a number or a string that holds one, got", describe(answer))
    )
  }
  expect_input_error(tp_check_answer(task, 1, 1, 3), "earlier must be an object, got 3")
  expect_input_error(
    tp_check_answer(task, 1, 1, list(w = 1)), paste0("a name in earlier", which, "\"w\"")
  )
  expect_input_error(
    tp_check_answer(task, 1, task$key$value[1], list("3" = "x")),
    "earlier \"3\" must be a number or a string that holds one, got \"x\""
  )
  expect_input_error(format(task, "html"), "format must be one of \"text\", \"md\", got \"html\"")
  expect_input_error(format(task, key = "yes"), "key must be true or false, got \"yes\"")
})
