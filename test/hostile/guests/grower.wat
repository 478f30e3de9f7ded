;; grower: asks for memory and table elements, and answers what it was told, as an i32.
(table $elements 1 funcref)
(func $answer (param $number i32) (result i32)
  (i32.store (i32.const 80) (local.get $number))
  (call $store_frame (i32.const 32) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 80) (i32.const 4))
  (call $ok (i32.const 32) (i32.const 1)))

;; Writes into every page, so that the machine must really give it.
(func $touch
  (local $page i32)
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $page) (memory.size)))
      (i32.store (i32.add (i32.const 4092) (i32.shl (local.get $page) (i32.const 16))) (i32.const 1))
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (br $next))))

;; The frame's second byte is an argument.
(func $attack (param $command i32) (param $pts i64) (param $data i32) (param $length i32) (result i32)
  (local $argument i32)
  (local.set $argument (i32.load8_u offset=1 (local.get $data)))
  ;; 1: by 65,535 pages; 2: page after page up to the limit, the size; 3: the size; 4: by 16 times the argument.
  (if (i32.eq (local.get $command) (i32.const 1)) (then (return (call $answer (memory.grow (i32.const 65535))))))
  (if (i32.eq (local.get $command) (i32.const 2))
    (then
      (block $full
        (loop $next
          (br_if $full (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
          (br $next)))
      (call $touch)
      (return (call $answer (memory.size)))))
  (if (i32.eq (local.get $command) (i32.const 3)) (then (return (call $answer (memory.size)))))
  (if (i32.eq (local.get $command) (i32.const 4))
    (then (return (call $answer (memory.grow (i32.mul (local.get $argument) (i32.const 16)))))))
  ;; 5: the table by 9,999,999; 6: the table up to its limit, in steps of 65,536, the size.
  (if (i32.eq (local.get $command) (i32.const 5))
    (then (return (call $answer (table.grow $elements (ref.null func) (i32.const 9999999))))))
  (if (i32.eq (local.get $command) (i32.const 6))
    (then
      (block $full
        (loop $next
          (br_if $full (i32.eq (table.grow $elements (ref.null func) (i32.const 65536)) (i32.const -1)))
          (br $next)))
      (return (call $answer (table.size $elements)))))
  ;; 7: takes 16 times the argument of pages, uses them, and traps if it got them; else answers -1.
  (if (i32.ne (memory.grow (i32.mul (local.get $argument) (i32.const 16))) (i32.const -1))
    (then (call $touch) unreachable))
  (call $answer (i32.const -1)))
