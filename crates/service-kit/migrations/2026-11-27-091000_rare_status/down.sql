drop index orders_of_rare_status;
