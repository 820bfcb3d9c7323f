/* R's door to kernel.c. Twins: none; Python calls kernel.c by ctypes.

   .Call, not .C, which would copy the data on every call. What moves comes back as new vectors, so
   that R's values stay values. r/kernel.R checks every argument before. */

#include <R.h>
#include <Rinternals.h>
#include <R_ext/Rdynload.h>
#include <R_ext/Visibility.h>

void twinprop_kernel(const int *settings, const int *layers, const int *activations,
                     const double *numbers, const double *dropout, const double *x,
                     const double *d, const double *sample_weight, const int *order,
                     const double *uniforms, const double *rates, double *parameters,
                     double *state_1, double *state_2, double *before, double *total,
                     double *costs, int *status);
void twinprop_kernel_forward(const int *settings, const int *layers, const int *activations,
                             const double *numbers, const double *x, const double *d,
                             const double *sample_weight, double *parameters, double *z, double *a,
                             double *cost, int *status);

/* Sets entry `at` of a list, named, and returns it. */
static SEXP put(SEXP list, SEXP names, int at, const char *name, SEXP value)
{
    SET_VECTOR_ELT(list, at, value);
    SET_STRING_ELT(names, at, mkChar(name));
    return value;
}

/* The arguments of twinprop_kernel up to `total`. */
static SEXP kernel_train(SEXP settings, SEXP layers, SEXP activations, SEXP numbers, SEXP dropout,
                         SEXP x, SEXP d, SEXP sample_weight, SEXP order, SEXP uniforms, SEXP rates,
                         SEXP parameters, SEXP state_1, SEXP state_2, SEXP before, SEXP total)
{
    SEXP out = PROTECT(allocVector(VECSXP, 7)), names = PROTECT(allocVector(STRSXP, 7));
    setAttrib(out, R_NamesSymbol, names);
    SEXP p = put(out, names, 0, "parameters", duplicate(parameters));
    SEXP s1 = put(out, names, 1, "state_1", duplicate(state_1));
    SEXP s2 = put(out, names, 2, "state_2", duplicate(state_2));
    SEXP b = put(out, names, 3, "before", duplicate(before));
    SEXP sum = put(out, names, 4, "total", duplicate(total));
    SEXP costs = put(out, names, 5, "costs", allocVector(REALSXP, XLENGTH(rates)));
    SEXP status = put(out, names, 6, "status", allocVector(INTSXP, 6));
    twinprop_kernel(INTEGER(settings), INTEGER(layers), INTEGER(activations), REAL(numbers),
                    REAL(dropout), REAL(x), REAL(d), REAL(sample_weight), INTEGER(order),
                    REAL(uniforms), REAL(rates), REAL(p), REAL(s1), REAL(s2), REAL(b), REAL(sum),
                    REAL(costs), INTEGER(status));
    UNPROTECT(2);
    return out;
}

/* The arguments of twinprop_kernel_forward up to `parameters`. */
static SEXP kernel_forward(SEXP settings, SEXP layers, SEXP activations, SEXP numbers, SEXP x,
                           SEXP d, SEXP sample_weight, SEXP parameters)
{
    int rows = INTEGER(settings)[0], units = INTEGER(layers)[LENGTH(layers) - 1];
    SEXP out = PROTECT(allocVector(VECSXP, 4)), names = PROTECT(allocVector(STRSXP, 4));
    setAttrib(out, R_NamesSymbol, names);
    SEXP z = put(out, names, 0, "z", allocMatrix(REALSXP, units, rows));
    SEXP a = put(out, names, 1, "a", allocMatrix(REALSXP, units, rows));
    SEXP cost = put(out, names, 2, "cost", allocVector(REALSXP, 1));
    SEXP status = put(out, names, 3, "status", allocVector(INTSXP, 6));
    REAL(cost)[0] = 0;
    twinprop_kernel_forward(INTEGER(settings), INTEGER(layers), INTEGER(activations),
                            REAL(numbers), REAL(x), REAL(d), REAL(sample_weight), REAL(parameters),
                            REAL(z), REAL(a), REAL(cost), INTEGER(status));
    UNPROTECT(2);
    return out;
}

static const R_CallMethodDef methods[] = {
    {"kernel_train", (DL_FUNC) &kernel_train, 16},
    {"kernel_forward", (DL_FUNC) &kernel_forward, 8},
    {NULL, NULL, 0}
};

void attribute_visible R_init_twinprop(DllInfo *dll)
{
    R_registerRoutines(dll, NULL, methods, NULL, NULL);
    R_useDynamicSymbols(dll, FALSE);
    R_forceSymbols(dll, FALSE);
}
