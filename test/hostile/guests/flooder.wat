;; flooder: gives too much.
(func $grow_to (param $pages i32)
  (if (i32.lt_u (memory.size) (local.get $pages))
    (then (if (i32.eq (memory.grow (i32.sub (local.get $pages) (memory.size))) (i32.const -1)) (then unreachable)))))

;; $count frames of $length bytes each, their list at 65,536.
(func $flood (param $count i32) (param $length i32) (result i32)
  (local $i i32)
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
      (call $store_frame (i32.add (i32.const 65536) (i32.mul (local.get $i) (i32.const 40)))
        (i64.extend_i32_u (local.get $i)) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300) (local.get $length))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
  (call $ok (i32.const 65536) (local.get $count)))

(func $attack (param $command i32) (param $pts i64) (param $data i32) (param $length i32) (result i32)
  (call $grow_to (i32.const 700))
  ;; 1: a million frames; 2: 1025 frames; 3: 1024 frames.
  (if (i32.eq (local.get $command) (i32.const 1)) (then (return (call $flood (i32.const 1000000) (i32.const 1)))))
  (if (i32.eq (local.get $command) (i32.const 2)) (then (return (call $flood (i32.const 1025) (i32.const 1)))))
  (if (i32.eq (local.get $command) (i32.const 3)) (then (return (call $flood (i32.const 1024) (i32.const 1)))))
  ;; 4: two frames of 600,000 bytes, which are the same ones; 5: one of them; 6: 1024 frames of 40 MB, the same 40 MB.
  (if (i32.eq (local.get $command) (i32.const 4)) (then (return (call $flood (i32.const 2) (i32.const 600000)))))
  (if (i32.eq (local.get $command) (i32.const 5)) (then (return (call $flood (i32.const 1) (i32.const 600000)))))
  (if (i32.eq (local.get $command) (i32.const 6)) (then (return (call $flood (i32.const 1024) (i32.const 40000000)))))
  (call $ok (i32.const 0) (i32.const 0)))
