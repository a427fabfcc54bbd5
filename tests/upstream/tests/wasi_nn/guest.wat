;; A guest that does with wasi-nn what it is told, one step at a time. Numbers go for wasi-nn's enumerations as they
;; are, in the order of its WIT; a step answers 0, or one more than the code of the error that it met.
(component
  (import "wasi:nn/errors@0.2.0-rc-2024-10-28" (instance $errors
    (export "error" (type $error (sub resource)))
    (type $codes (enum "invalid-argument" "invalid-encoding" "timeout" "runtime-error" "unsupported-operation"
      "too-large" "not-found" "security" "unknown"))
    (export "error-code" (type $code (eq $codes)))
    (export "[method]error.code" (func (param "self" (borrow $error)) (result $code)))))
  (alias export $errors "error" (type $error))

  (import "wasi:nn/tensor@0.2.0-rc-2024-10-28" (instance $tensor
    (export "tensor" (type $tensor (sub resource)))
    (type $types (enum "FP16" "FP32" "FP64" "BF16" "U8" "I32" "I64"))
    (export "tensor-type" (type $ty (eq $types)))
    (export "[constructor]tensor"
      (func (param "dimensions" (list u32)) (param "ty" $ty) (param "data" (list u8)) (result (own $tensor))))
    (export "[method]tensor.data" (func (param "self" (borrow $tensor)) (result (list u8))))))
  (alias export $tensor "tensor" (type $tensor))

  (import "wasi:nn/inference@0.2.0-rc-2024-10-28" (instance $inference
    (export "graph-execution-context" (type $context (sub resource)))
    (export "[method]graph-execution-context.compute"
      (func (param "self" (borrow $context)) (param "inputs" (list (tuple string (own $tensor))))
        (result (result (list (tuple string (own $tensor))) (error (own $error))))))))
  (alias export $inference "graph-execution-context" (type $context))

  (import "wasi:nn/graph@0.2.0-rc-2024-10-28" (instance $graph
    (export "graph" (type $graph (sub resource)))
    (type $encodings (enum "openvino" "onnx" "tensorflow" "pytorch" "tensorflowlite" "ggml" "autodetect"))
    (export "graph-encoding" (type $encoding (eq $encodings)))
    (type $targets (enum "cpu" "gpu" "tpu"))
    (export "execution-target" (type $target (eq $targets)))
    (export "load"
      (func (param "builder" (list (list u8))) (param "encoding" $encoding) (param "target" $target)
        (result (result (own $graph) (error (own $error))))))
    (export "[method]graph.init-execution-context"
      (func (param "self" (borrow $graph)) (result (result (own $context) (error (own $error))))))))

  ;; What is passed either way lies here until the step ends.
  (core module $Memory
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
      (global.set $free (i32.add (local.get $start) (local.get $size)))
      (block $fits
        (br_if $fits (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
        (br_if $fits (i32.ne (i32.const -1) (memory.grow
          (i32.sub (i32.add (i32.shr_u (global.get $free) (i32.const 16)) (i32.const 1)) (memory.size)))))
        unreachable)
      (local.get $start))
    (func (export "forget") (param i32)
      (global.set $free (i32.const 1024))))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))
  (alias core export $memory "forget" (core func $forget))

  (core func $code (canon lower (func $errors "[method]error.code")))
  (core func $new (canon lower (func $tensor "[constructor]tensor") (memory $bytes)))
  (core func $data (canon lower (func $tensor "[method]tensor.data") (memory $bytes) (realloc $realloc)))
  (core func $compute (canon lower (func $inference "[method]graph-execution-context.compute")
    (memory $bytes) (realloc $realloc)))
  (core func $load (canon lower (func $graph "load") (memory $bytes)))
  (core func $init (canon lower (func $graph "[method]graph.init-execution-context") (memory $bytes)))

  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "code" (func $code (param i32) (result i32)))
    (import "host" "new" (func $new (param i32 i32 i32 i32 i32) (result i32)))
    (import "host" "data" (func $data (param i32 i32)))
    (import "host" "compute" (func $compute (param i32 i32 i32 i32)))
    (import "host" "load" (func $load (param i32 i32 i32 i32 i32)))
    (import "host" "init" (func $init (param i32 i32)))
    (global $graph (mut i32) (i32.const 0))
    (global $context (mut i32) (i32.const 0))
    (global $tensor (mut i32) (i32.const 0))
    (global $output (mut i32) (i32.const 0))

    ;; What a result at 16 says: its first byte whether it is an error, its second word what it has.
    (func $outcome (result i32)
      (if (result i32) (i32.load8_u (i32.const 16))
        (then (i32.add (call $code (i32.load (i32.const 20))) (i32.const 1)))
        (else (i32.const 0))))

    (func (export "load") (param $models i32) (param $count i32) (param $encoding i32) (param $target i32) (result i32)
      (local $outcome i32)
      (call $load (local.get $models) (local.get $count) (local.get $encoding) (local.get $target) (i32.const 16))
      (local.tee $outcome (call $outcome))
      (if (then (return (local.get $outcome))))
      (global.set $graph (i32.load (i32.const 20)))
      (call $init (global.get $graph) (i32.const 16))
      (global.set $context (i32.load (i32.const 20)))
      (call $outcome))

    (func (export "give") (param $sides i32) (param $count i32) (param $ty i32) (param $data i32) (param $length i32)
      (result i32)
      (global.set $tensor
        (call $new (local.get $sides) (local.get $count) (local.get $ty) (local.get $data) (local.get $length)))
      (i32.const 0))

    ;; The tensor goes in under a name; the first output is kept.
    (func (export "compute") (param $name i32) (param $length i32) (result i32)
      (i32.store (i32.const 32) (local.get $name))
      (i32.store (i32.const 36) (local.get $length))
      (i32.store (i32.const 40) (global.get $tensor))
      (call $compute (global.get $context) (i32.const 32) (i32.const 1) (i32.const 16))
      (global.set $output (i32.load (i32.add (i32.load (i32.const 20)) (i32.const 8))))
      (call $outcome))

    ;; How many bytes the output has, all of which are fetched.
    (func (export "read") (result i32)
      (call $data (global.get $output) (i32.const 16))
      (i32.load (i32.const 20))))
  (core instance $main (instantiate $Main (with "host" (instance
    (export "memory" (memory $bytes))
    (export "code" (func $code))
    (export "new" (func $new))
    (export "data" (func $data))
    (export "compute" (func $compute))
    (export "load" (func $load))
    (export "init" (func $init))))))

  (func (export "load") (param "models" (list (list u8))) (param "encoding" u32) (param "target" u32) (result u32)
    (canon lift (core func $main "load") (memory $bytes) (realloc $realloc) (post-return $forget)))
  (func (export "give") (param "sides" (list u32)) (param "ty" u32) (param "data" (list u8)) (result u32)
    (canon lift (core func $main "give") (memory $bytes) (realloc $realloc) (post-return $forget)))
  (func (export "compute") (param "name" string) (result u32)
    (canon lift (core func $main "compute") (memory $bytes) (realloc $realloc) (post-return $forget)))
  (func (export "read") (result u32)
    (canon lift (core func $main "read") (memory $bytes) (realloc $realloc) (post-return $forget))))
