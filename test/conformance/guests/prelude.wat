;; What every reference guest shares: memory, an allocator, and the canonical ABI's records. A guest's own file follows it.
;; Fixed places: 8 "out", 16 the result record, 32 one frame record, 80 four bytes of data, 256 messages, 4096 the heap.
(memory (export "memory") 1)
(data (i32.const 8) "out")
(global $heap (mut i32) (i32.const 4096))

;; Takes from the top; nothing is given back but all at once, by $free_all.
(func $alloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32) (local $missing i32)
  (local.set $at
    (i32.and (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
  (global.set $heap (i32.add (local.get $at) (local.get $size)))
  (local.set $missing (i32.sub (global.get $heap) (i32.shl (memory.size) (i32.const 16))))
  (if (i32.gt_s (local.get $missing) (i32.const 0))
    (then
      (if (i32.eq (memory.grow (i32.shr_u (i32.add (local.get $missing) (i32.const 65535)) (i32.const 16))) (i32.const -1))
        (then unreachable))))
  (if (local.get $old_size)
    (then (memory.copy (local.get $at) (local.get $old)
      (select (local.get $old_size) (local.get $size) (i32.lt_u (local.get $old_size) (local.get $size))))))
  (local.get $at))

(func $free_all (global.set $heap (i32.const 4096)))

;; The result record, ok with a list of frames.
(func $ok (param $frames i32) (param $count i32) (result i32)
  (i32.store8 (i32.const 16) (i32.const 0))
  (i32.store (i32.const 20) (local.get $frames))
  (i32.store (i32.const 24) (local.get $count))
  (i32.const 16))

;; The result record, a failure: 0 invalid-params, 1 bad-input, 2 fatal.
(func $failure (param $kind i32) (param $message i32) (param $length i32) (result i32)
  (i32.store8 (i32.const 16) (i32.const 1))
  (i32.store8 (i32.const 20) (local.get $kind))
  (i32.store (i32.const 24) (local.get $message))
  (i32.store (i32.const 28) (local.get $length))
  (i32.const 16))

;; A frame record at $at, leaving by "out". $kind and $a $b $c are the payload as `process` gets it.
(func $store_frame (param $at i32) (param $pts i64) (param $kind i32) (param $a i32) (param $b i32) (param $c i32) (param $data i32) (param $length i32)
  (i32.store (local.get $at) (i32.const 8))
  (i32.store offset=4 (local.get $at) (i32.const 3))
  (i64.store offset=8 (local.get $at) (local.get $pts))
  (i32.store8 offset=16 (local.get $at) (local.get $kind))
  (if (i32.eq (local.get $kind) (i32.const 3)) (then ;; audio: rate, channels, format
    (i32.store offset=20 (local.get $at) (local.get $a))
    (i32.store16 offset=24 (local.get $at) (local.get $b))
    (i32.store8 offset=26 (local.get $at) (local.get $c))))
  (if (i32.eq (local.get $kind) (i32.const 4)) (then ;; video: width, height, format
    (i32.store offset=20 (local.get $at) (local.get $a))
    (i32.store offset=24 (local.get $at) (local.get $b))
    (i32.store8 offset=28 (local.get $at) (local.get $c))))
  (if (i32.eq (local.get $kind) (i32.const 5)) (then ;; tensor: element, shape
    (i32.store8 offset=20 (local.get $at) (local.get $a))
    (i32.store offset=24 (local.get $at) (local.get $b))
    (i32.store offset=28 (local.get $at) (local.get $c))))
  (if (i32.eq (local.get $kind) (i32.const 6)) (then ;; encoded: codec
    (i32.store offset=20 (local.get $at) (local.get $a))
    (i32.store offset=24 (local.get $at) (local.get $b))))
  (i32.store offset=32 (local.get $at) (local.get $data))
  (i32.store offset=36 (local.get $at) (local.get $length)))

;; The first number in a text; 0 without one.
(func $number_in (param $at i32) (param $length i32) (result i32)
  (local $end i32) (local $digit i32) (local $number i32) (local $found i32)
  (local.set $end (i32.add (local.get $at) (local.get $length)))
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.lt_u (local.get $digit) (i32.const 10))
        (then
          (local.set $found (i32.const 1))
          (local.set $number (i32.add (i32.mul (local.get $number) (i32.const 10)) (local.get $digit)))
          (br $next)))
      (br_if $next (i32.eqz (local.get $found)))))
  (local.get $number))
